"""Uploads and reject files on the local disk."""

import errno
import hashlib
import os
import secrets
from asyncio import to_thread
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.requests import ClientDisconnect

from netra.usage.errors import DiskFullError, UploadBrokenOffError
from netra.usage.reading.chunks import Reject

_BUFFER = 4 * 2**20
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}


def _disk_error(error: OSError, path: Path) -> DiskFullError:
    return DiskFullError(
        f"The server cannot write to {path.parent}: {error.strerror}.",
        hint="Free space there or make it writable; what is stored stays stored.",
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """A received file: where it is, its size in bytes, the SHA-256 of its content."""

    path: Path
    size: int
    digest: str

    def remove(self) -> None:
        """Delete the file; no error when it is gone."""
        self.path.unlink(missing_ok=True)


class Spool:
    """A directory of uploads being imported; each file belongs to one living process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def receive(
        self, source: AsyncIterator[bytes], on_bytes: Callable[[int], Awaitable[None]]
    ) -> Upload:
        """Write the stream to disk; reports the bytes so far. Raises DiskFullError,
        UploadBrokenOffError.
        """
        path = await to_thread(self._new_path)
        digest = hashlib.sha256()
        size = 0
        buffer = bytearray()

        def flush(data: bytes) -> None:
            digest.update(data)
            with path.open("ab") as file:
                file.write(data)

        try:
            async for part in source:
                buffer += part
                if len(buffer) >= _BUFFER:
                    await to_thread(flush, bytes(buffer))
                    size += len(buffer)
                    buffer.clear()
                    await on_bytes(size)
            await to_thread(flush, bytes(buffer))
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno in _DISK:
                raise _disk_error(error, path) from error
            raise
        except ClientDisconnect as error:
            path.unlink(missing_ok=True)
            raise UploadBrokenOffError(
                f"The upload broke off after {size + len(buffer):,} bytes; nothing of it was imported.",
                hint="Send the whole file again.",
            ) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Upload(path, size + len(buffer), digest.hexdigest())

    def _new_path(self) -> Path:
        path = self._directory / f"upload-{os.getpid()}-{secrets.token_hex(8)}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._remove_leftovers()
            path.touch(mode=0o600)
        except OSError as error:
            raise _disk_error(error, path) from error
        return path

    def _remove_leftovers(self) -> None:
        """Uploads of processes that died: their import starts again with the file."""
        for path in self._directory.glob("upload-*-*"):
            owner = int(path.name.split("-")[1])
            try:
                os.kill(owner, 0)
            except ProcessLookupError:
                path.unlink(missing_ok=True)
            except PermissionError:
                continue


class RejectFile:
    """Rejected rows of one import, JSON lines {line, code, reason, column}."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes: what an interrupted chunk had written is written again."""
        if size == 0:
            self.path.unlink(missing_ok=True)
            return
        with suppress(FileNotFoundError):
            os.truncate(self.path, size)

    def append(self, rejects: Sequence[Reject]) -> int:
        """Add rows; the size of the file afterwards. Raises DiskFullError."""
        if not rejects:
            return self.path.stat().st_size if self.path.exists() else 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self.path.open("ab") as file:
                file.write(b"".join(orjson.dumps(reject.to_dict()) + b"\n" for reject in rejects))
                file.flush()
                os.fsync(file.fileno())
                return file.tell()
        except OSError as error:
            raise _disk_error(error, self.path) from error
