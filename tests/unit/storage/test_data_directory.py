"""The data directory: layout, its one holder, what makes it unusable."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from netra.cli.spawning import another_starts
from netra.storage.embedded import data_directory
from netra.storage.embedded.data_directory import DataDirectory, DirectoryLock, read_holder
from netra.storage.embedded.errors import DataDirectoryHeldError, DataDirectoryUnusableError

HOLD = """
import sys
from pathlib import Path
from netra.storage.embedded.data_directory import DataDirectory, DirectoryLock
lock = DirectoryLock(DataDirectory(Path(sys.argv[1])))
lock.acquire()
lock.describe(url="http://127.0.0.1:8400")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    made = DataDirectory(tmp_path / "with a space")
    made.prepare()
    return made


def test_everything_is_private(directory: DataDirectory) -> None:
    for path in (directory.root, *directory.root.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    directory.prepare()


def test_a_second_holder_is_told_about_the_first(directory: DataDirectory) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataDirectoryHeldError) as caught:
            DirectoryLock(directory).acquire()
        holder.kill()
    assert f"process {holder.pid}" in caught.value.message
    assert caught.value.details["url"] == "http://127.0.0.1:8400"
    assert "http://127.0.0.1:8400" in (caught.value.hint or "")
    assert set(caught.value.details) == {"pid", "url", "since"}
    lock = DirectoryLock(directory)  # the killed holder's lock is gone with it
    lock.acquire()
    assert read_holder(directory.root)["pid"] == os.getpid()
    assert another_starts(directory.root)  # it holds the directory and has no address yet
    lock.release()
    assert read_holder(directory.root) == {}
    assert not another_starts(directory.root)


def test_short_paths_hold_the_sockets_themselves(directory: DataDirectory) -> None:
    short = DataDirectory(Path("/tmp") / f"n{os.getpid()}")
    short.prepare()
    try:
        assert short.socket_directory() == short.root / "run"
    finally:
        shutil.rmtree(short.root)


def test_long_paths_get_a_short_private_place(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / ("long" * 40))
    directory.prepare()
    place = directory.socket_directory()
    try:
        assert len(os.fsencode(place / "pg" / ".s.PGSQL.5432.lock")) < 104
        assert place.stat().st_mode & 0o777 == 0o700
        assert directory.socket_directory() == place
        place.chmod(0o777)
        with pytest.raises(DataDirectoryUnusableError, match="somebody else"):
            directory.socket_directory()
    finally:
        place.rmdir()


def test_a_file_in_the_way_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryUnusableError, match="is not a directory"):
        DataDirectory(tmp_path / "file" / "home").prepare()
    with pytest.raises(DataDirectoryUnusableError, match="is not a directory"):
        DataDirectory(tmp_path / "file").prepare()


def test_little_room_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_directory, "LEAST_FREE_BYTES", 2**80)
    with pytest.raises(DataDirectoryUnusableError, match="MB are free") as caught:
        DataDirectory(tmp_path).prepare()
    assert "make room" in (caught.value.hint or "")


def test_an_unreadable_holder_is_no_holder(directory: DataDirectory) -> None:
    (directory.root / "lock").write_text("[not an object")
    assert read_holder(directory.root) == {}
    assert not another_starts(directory.root)


def test_the_server_file_is_whole(directory: DataDirectory) -> None:
    directory.write_server_file({"url": "http://127.0.0.1:1"})
    assert json.loads(directory.server_file.read_text()) == {"url": "http://127.0.0.1:1"}
    assert not list(directory.root.glob("*.draft"))
