"""The parent side of the analytics process."""

import json
import secrets
import socket
import ssl
import sys
from dataclasses import asdict

import httpx
import psutil

from netra.storage.embedded.analytics_server import ServerConfig
from netra.storage.embedded.child_process import ChildProcess, ChildSpec, python_environment
from netra.storage.embedded.data_directory import DataDirectory

USER = "netra"
CONCURRENCY = 8


class AnalyticsEngineProcess:
    """The analytics process on a loopback port that we keep bound, so that its address outlives a crash."""

    name = "analytics"

    def __init__(self, directory: DataDirectory) -> None:
        self._data = directory.analytics
        self._log_file = directory.log / "analytics.log"
        self._password = secrets.token_urlsafe(24)
        self._instance = secrets.token_hex(8)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._socket.setblocking(False)
        self._port: int = self._socket.getsockname()[1]
        self.pid_file = directory.root / "analytics.pid"

    @property
    def url(self) -> str:
        """Address with credentials, as `NETRA_CLICKHOUSE_URL` would give it."""
        return f"http://{USER}:{self._password}@127.0.0.1:{self._port}/default"

    async def prepare(self) -> None:
        """Nothing to do: the engine lays out its own directory."""

    def launch(self) -> ChildProcess:
        """Start the process; it inherits the listening socket."""
        config = ServerConfig(
            directory=str(self._data),
            socket_fd=self._socket.fileno(),
            user=USER,
            password=self._password,
            instance=self._instance,
            memory_bytes=psutil.virtual_memory().total // 2,
            concurrency=CONCURRENCY,
        )
        command = [sys.executable, "-m", "netra.storage.embedded.analytics_server"]
        return ChildProcess.start(
            ChildSpec(
                name=self.name,
                command=command,
                log_file=self._log_file,
                first_input=json.dumps(asdict(config)).encode() + b"\n",
                pass_fds=(self._socket.fileno(),),
                environment=python_environment(),
            )
        )

    async def answers(self, pid: int) -> bool:
        """Whether our own process answers, with the instance id that only it was told."""
        # The default context would read every certificate authority there is, each time; this one knows none.
        no_authorities = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with httpx.AsyncClient(trust_env=False, verify=no_authorities) as client:
            try:
                reply = await client.get(
                    f"http://127.0.0.1:{self._port}/identity", auth=(USER, self._password), timeout=2.0
                )
                return reply.status_code == 200 and reply.json() == {"pid": pid, "instance": self._instance}
            except (httpx.HTTPError, ValueError):
                return False

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
