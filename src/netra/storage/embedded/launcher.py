"""What runs between the fork and the engine: bind its life to ours, give up root, become the engine.

Started as a file by `child_process` with `python -I -S`, so it imports nothing of the product. Doing this
in a process of its own, not in a hook between fork and exec, keeps it safe while the parent has threads.

Arguments: `--parent PID`, `--death-signal N`, `--unprivileged DIRECTORY` (may repeat: directories the
engine will own), then `--` and the command.
"""

import argparse
import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def become(arguments: list[str]) -> None:
    """Prepare this process and replace it by the command; returns only by raising OSError."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--unprivileged", action="append", default=[])
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    if options.unprivileged and (os.geteuid() == 0 or not _has_name(os.geteuid())):
        _become_nobody(options.unprivileged)
    _die_with_parent(options.parent, options.death_signal)
    os.execv(options.command[0], options.command)  # noqa: S606 - the command comes from our own parent


def _die_with_parent(parent: int, death_signal: int) -> None:
    if not sys.platform.startswith("linux"):
        return  # child_process starts a watcher there
    # Set after the change of user, which clears it; the check closes the gap in which the parent died before.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _has_name(user: int) -> bool:
    try:
        return bool(pwd.getpwuid(user).pw_name)
    except KeyError:
        return False


def _become_nobody(directories: list[str]) -> None:
    """A user namespace in which we are nobody; where those are forbidden and we are root, nobody outright.

    PostgreSQL refuses root, and initdb a user without a name (as containers like to run). In the namespace
    files stay ours outside, so the directories may lie anywhere we can reach.
    """
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        _own(directories, 0)  # before the namespace: inside it no other owner can be changed
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform.startswith("linux") and libc.unshare(CLONE_NEWUSER) == 0:
        for name, text in (
            ("uid_map", f"{NOBODY} {user} 1"),
            ("setgroups", "deny"),
            ("gid_map", f"{NOBODY} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
        return
    if user == 0:
        _drop_root(directories)


def _drop_root(directories: list[str]) -> None:
    _own(directories, NOBODY)
    for directory in directories:
        # Nobody must be able to pass through to its own directory; what lies beside it stays closed.
        parent = os.path.dirname(directory)
        os.chmod(parent, os.stat(parent).st_mode | 0o011)  # noqa: S103
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def _own(directories: list[str], owner: int) -> None:
    for directory in directories:
        if os.stat(directory).st_uid == owner:
            continue
        for folder, _, files in os.walk(directory):
            os.chown(folder, owner, owner)
            for name in files:
                os.chown(os.path.join(folder, name), owner, owner, follow_symlinks=False)


if __name__ == "__main__":
    become(sys.argv[1:])
