"""Layout of the data directory and the lock that gives it one holder."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from netra.storage.embedded.errors import DataDirectoryHeldError, DataDirectoryUnusableError

LEAST_FREE_BYTES = 256 * 1024 * 1024
LONGEST_SOCKET_DIRECTORY = 80
"""A Unix socket path may have 107 bytes on Linux and 103 on macOS, the file name included."""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where each part keeps its files below `root`; nothing is created before `prepare`."""

    root: Path

    @property
    def postgres(self) -> Path:
        """Cluster of the embedded PostgreSQL."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Append-only file and access list of the embedded Valkey."""
        return self.root / "valkey"

    @property
    def analytics(self) -> Path:
        """Parts of the embedded analytics engine."""
        return self.root / "analytics"

    @property
    def log(self) -> Path:
        """What the child processes print, a file each."""
        return self.root / "log"

    @property
    def secrets(self) -> Path:
        """Keys of this installation."""
        return self.root / "secrets"

    @property
    def server_file(self) -> Path:
        """`server.json`: where the running server answers; absent while none runs."""
        return self.root / "server.json"

    def prepare(self) -> None:
        """Create what is missing, private to its owner; refuse what could not be used.

        Raises DataDirectoryUnusableError: read-only, full, not a directory, or owned by somebody else.
        """
        try:
            for path in (self.root, self.postgres, self.valkey, self.analytics, self.log, self.secrets):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.root / "rejects").mkdir(mode=0o700, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as probe:
                probe.write(b"\0" * 4096)
                probe.flush()
        except OSError as failure:
            raise _unusable(self.root, failure) from failure
        self._check_owner()
        free = shutil.disk_usage(self.root).free
        if free < LEAST_FREE_BYTES:
            raise DataDirectoryUnusableError(
                f"only {free // 1024**2} MB are free for the data directory {self.root}",
                hint=f"make room ({LEAST_FREE_BYTES // 1024**2} MB at least) or choose --data-dir",
                details={"path": str(self.root), "free_bytes": free},
            )

    def socket_directory(self) -> Path:
        """A private directory whose path is short enough for Unix sockets, the same one for the same root.

        Raises DataDirectoryUnusableError when somebody else sits on the short path.
        """
        inside = self.root / "run"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIRECTORY:
            inside.mkdir(mode=0o700, exist_ok=True)
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        short = Path(tempfile.gettempdir()) / f"netra-{os.geteuid()}-{digest}"
        if len(os.fsencode(short)) > LONGEST_SOCKET_DIRECTORY:
            short = Path("/tmp") / short.name  # noqa: S108 - owner and mode are checked below
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        if short.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise DataDirectoryUnusableError(
                f"{short} belongs to somebody else, and sockets cannot live below the long path {self.root}",
                hint="remove it or choose a shorter data directory with --data-dir",
            )
        return short

    def write_server_file(self, facts: Mapping[str, object]) -> None:
        """Tell other programs where the server is; they see the file whole or not at all.

        Raises DataDirectoryUnusableError.
        """
        draft = self.root / "server.json.draft"
        try:
            draft.write_text(json.dumps(facts), encoding="utf-8")
            draft.replace(self.server_file)
        except OSError as failure:
            raise _unusable(self.root, failure) from failure

    def _check_owner(self) -> None:
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            raise DataDirectoryUnusableError(
                f"the data directory {self.root} belongs to user id {owner}, you are {os.geteuid()}",
                hint="run as its owner or choose another directory with --data-dir",
                details={"path": str(self.root), "owner": owner},
            )


class DirectoryLock:
    """The hold on a data directory: a kernel lock on `lock`, with the holder written inside for others to
    read.

    The kernel drops it with the process, so a killed holder never blocks the next.
    """

    def __init__(self, directory: DataDirectory) -> None:
        self._path = directory.root / "lock"
        self._file: int | None = None
        self._since = datetime.now(UTC)

    def acquire(self) -> None:
        """Take the lock or raise DataDirectoryHeldError that names the holder."""
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as failure:
            raise _unusable(self._path.parent, failure) from failure
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            os.close(file)
            if failure.errno not in {errno.EAGAIN, errno.EACCES}:
                raise _unusable(self._path.parent, failure) from failure
            raise self._held() from None
        self._file = file
        self.describe(url=None)

    def describe(self, *, url: str | None) -> None:
        """Write who holds the lock, once more when the address is known."""
        if self._file is None:
            raise RuntimeError("describe() needs the lock")
        holder = {"pid": os.getpid(), "url": url, "since": self._since.isoformat(timespec="seconds")}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(holder).encode(), 0)

    def release(self) -> None:
        """Give the directory back. Harmless when not held."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _held(self) -> DataDirectoryHeldError:
        holder = read_holder(self._path.parent)
        who = f"process {holder['pid']}" if holder.get("pid") else "another process"
        since = f" since {holder['since']}" if holder.get("since") else ""
        url = holder.get("url")
        return DataDirectoryHeldError(
            f"the data directory {self._path.parent} is held by {who}{since}" + (f" at {url}" if url else ""),
            hint=f"use the one that runs ({url or 'it is still starting'}), stop it, or choose --data-dir",
            details=holder,
        )


def read_holder(root: Path) -> dict[str, Any]:
    """What the last holder wrote about itself; empty when nothing readable is there."""
    try:
        written: object = json.loads((root / "lock").read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], written) if isinstance(written, dict) else {}


def _unusable(path: Path, failure: OSError) -> DataDirectoryUnusableError:
    reasons = {
        errno.EROFS: ("is on a read-only file system", "choose a writable one with --data-dir"),
        errno.EACCES: ("may not be written by you", "change its permissions or choose --data-dir"),
        errno.EPERM: ("may not be written by you", "change its permissions or choose --data-dir"),
        errno.ENOSPC: ("is on a full disk", "make room or choose another with --data-dir"),
        errno.EDQUOT: ("is over your disk quota", "make room or choose another with --data-dir"),
        errno.ENOTDIR: ("is not a directory", "choose another with --data-dir"),
        errno.EEXIST: ("is not a directory", "choose another with --data-dir"),
    }
    reason, hint = reasons.get(
        failure.errno or 0, (f"cannot be used: {failure.strerror}", "choose --data-dir")
    )
    return DataDirectoryUnusableError(
        f"the data directory {path} {reason}", hint=hint, details={"path": str(path), "errno": failure.errno}
    )
