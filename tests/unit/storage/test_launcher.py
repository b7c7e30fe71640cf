"""Who an engine runs as: not root, not somebody without a name, with no more than its own directory."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from netra.storage.embedded import launcher

NOBODY = 65534
NAMELESS = 54_321
UNSHARE_SYSCALL = 272  # x86-64
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not sys.platform.startswith("linux") or not Path("/usr/bin/python3").exists(),
    reason="only root on Linux can become others, and they need a Python that they may run",
)
DENY_UNSHARE = """
import ctypes, os, sys
program = ctypes.create_string_buffer(bytes.fromhex(sys.argv[1]))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
kernel = ctypes.CDLL(None)
assert kernel.prctl(22, 2, ctypes.byref(Filter(len(program.raw) // 8, ctypes.addressof(program)))) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that other users can pass through, with the launcher in it."""
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o755)
    shutil.copy(launcher.__file__, made / "launcher.py")
    (made / "data").mkdir(mode=0o700)
    (made / "data" / "file").write_text("")
    yield made
    shutil.rmtree(made)


def launch(
    place: Path, *, before: tuple[str, ...] = (), **options: object
) -> "subprocess.CompletedProcess[str]":
    """Run `id -u` through the launcher; `before` goes in front of the command."""
    command = ["/usr/bin/python3", "-I", "-S", str(place / "launcher.py"), "--parent", str(os.getpid())]
    command += ["--death-signal", "9", "--unprivileged", str(place / "data"), "--", "/usr/bin/id", "-u"]
    return subprocess.run([*before, *command], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


@needs_root
def test_root_becomes_nobody_inside_and_stays_owner_outside(place: Path) -> None:
    outcome = launch(place)
    assert outcome.stdout == f"{NOBODY}\n", outcome.stderr
    assert (place / "data" / "file").stat().st_uid in {0, NOBODY}


@needs_root
def test_who_has_no_name_gets_one(place: Path) -> None:
    os.chown(place / "data", NAMELESS, NAMELESS)
    outcome = launch(place, user=NAMELESS, group=NAMELESS, extra_groups=[])
    if outcome.stdout == f"{NAMELESS}\n":
        pytest.skip("user namespaces are closed to ordinary users here")
    assert outcome.stdout == f"{NOBODY}\n", outcome.stderr


@needs_root
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter names a system call by its number")
def test_without_namespaces_root_gives_the_directory_away(place: Path) -> None:
    def instruction(code: int, jump_if: int, jump_else: int, value: int) -> bytes:
        return struct.pack("HBBI", code, jump_if, jump_else, value)

    refuse = (
        instruction(0x20, 0, 0, 0)
        + instruction(0x15, 0, 1, UNSHARE_SYSCALL)
        + instruction(0x06, 0, 0, 0x00050001)
        + instruction(0x06, 0, 0, 0x7FFF0000)
    )
    outcome = launch(place, before=("/usr/bin/python3", "-c", DENY_UNSHARE, refuse.hex()))
    assert outcome.stdout == f"{NOBODY}\n", outcome.stderr
    assert (place / "data" / "file").stat().st_uid == NOBODY
    assert launch(place).stdout == f"{NOBODY}\n"  # and back, once namespaces are there again
    assert (place / "data" / "file").stat().st_uid in {0, NOBODY}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's bond exists on Linux only")
def test_a_child_of_a_parent_that_is_gone_ends(place: Path) -> None:
    command = [sys.executable, "-I", "-S", str(place / "launcher.py"), "--parent", "1", "--death-signal", "9"]
    assert subprocess.run([*command, "--", "/usr/bin/id"], check=False).returncode == -9
