"""IsolatedEnvironment: the only reader of the process environment."""

import os
import threading
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path

from netra.config.env_file import parse_env_file
from netra.config.errors import EnvironmentFileRefusedError, ProtectedVariableError
from netra.config.secret import MASK, is_secret_name, mask_url

ChangeCallback = Callable[[str, str | None, str | None], None]

# What a child needs to find programs, its home, its language and its temporary files; everything else is opt-
# in.
_PASSED_ON = frozenset(
    [
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "TZ",
        "TMPDIR",
        "SHELL",
        "SYSTEMROOT",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ]
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""For numpy's library: the levers divide their work themselves, and its own threads would wait for each other
at full load. Its sums then come out the same on any number of cores.
"""
_NO_FILES_IN = frozenset({"staging", "production"})


class IsolatedEnvironment:
    """Variables with their source, read from the process or held apart from it.

    Shared mode reads and writes the process environment. Isolated mode works on a copy: nothing written in it
    reaches the process, and leaving it restores what was there. Given `variables`, the environment is
    isolated from the start and never looks at the process. All methods may be called from any thread;
    callbacks run on the thread that made the change, after it, outside the lock.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._lock = threading.RLock()
        self._process: MutableMapping[str, str] = os.environ
        self._copy: dict[str, str] | None = dict(variables) if variables is not None else None
        self._own = variables is not None
        self._sources: dict[str, str] = dict.fromkeys(variables or {}, "given")
        self._saved_sources: dict[str, str] = {}
        self._protected: set[str] = set()
        self._callbacks: list[ChangeCallback] = []

    @property
    def is_isolated(self) -> bool:
        """Whether changes stay inside this object."""
        return self._copy is not None

    def enable_isolation(self) -> None:
        """Work on a copy from now on. Calling it twice changes nothing."""
        with self._lock:
            if self._copy is None:
                self._copy = dict(self._process)
                self._saved_sources = dict(self._sources)

    def disable_isolation(self, *, keep: bool = False) -> None:
        """Return to the process environment; `keep` writes the copy's changes into it, else
        they are dropped.
        """
        changes: list[tuple[str, str | None, str | None]] = []
        with self._lock:
            if self._copy is None or self._own:
                return
            isolated, self._copy = self._copy, None
            if keep:
                changes = self._write_back(isolated)
            else:
                self._sources = self._saved_sources
        self._announce(changes)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value, or the default when it is not set."""
        with self._lock:
            return self._active().get(name, default)

    def set(self, name: str, value: str, *, source: str = "override") -> None:
        """Set a variable and remember where the value came from. A protected one is refused."""
        _check_variable(name, value)
        with self._lock:
            self._check_unprotected(name)
            before = self._active().get(name)
            self._active()[name] = value
            self._sources[name] = source
        if before != value:
            self._announce([(name, before, value)])

    def unset(self, name: str) -> None:
        """Remove a variable; a protected one is refused, a missing one is no error."""
        with self._lock:
            self._check_unprotected(name)
            before = self._active().pop(name, None)
            self._sources.pop(name, None)
        if before is not None:
            self._announce([(name, before, None)])

    def source_of(self, name: str) -> str | None:
        """Where the value came from (`process`, `given`, `file <path>`, `override`, ...); None when it is not
        set.
        """
        with self._lock:
            return self._sources.get(name, "process") if name in self._active() else None

    def protect(self, *names: str) -> None:
        """Refuse every later change of these variables, from any source."""
        with self._lock:
            self._protected.update(names)

    def on_change(self, callback: ChangeCallback) -> Callable[[], None]:
        """Call `callback(name, before, after)` after each change; the returned function ends it."""
        with self._lock:
            self._callbacks.append(callback)

        def stop() -> None:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return stop

    def load_file(self, path: Path, *, override: bool = False) -> list[str]:
        """Read `NAME=value` lines; names already set stay unless `override`. Returns the names taken over.

        Refused in staging and production (by NETRA_ENV): there, values come from the platform, not from a
        file that somebody left in a directory.
        """
        where = (self.get("NETRA_ENV") or "development").strip().lower()
        if where in _NO_FILES_IN:
            raise EnvironmentFileRefusedError(
                f"{path} is not read because NETRA_ENV is {where}",
                hint="set the variables in the environment of the process",
            )
        taken: list[str] = []
        for name, value in parse_env_file(path).items():
            with self._lock:
                skip = name in self._protected or (name in self._active() and not override)
            if not skip:
                self.set(name, value, source=f"file {path}")
                taken.append(name)
        return taken

    def masked(self) -> dict[str, str]:
        """All variables, sorted, with secrets and passwords in URLs masked: fit for logs and `doctor`."""
        with self._lock:
            items = sorted(self._active().items())
        return {name: MASK if is_secret_name(name) else mask_url(value) for name, value in items}

    def for_subprocess(
        self, extra: Mapping[str, str] | None = None, *, include: tuple[str, ...] = ("NETRA_",)
    ) -> dict[str, str]:
        """The environment for a child: what any program needs, names beginning with `include`,
        then `extra`.
        """
        with self._lock:
            items = dict(self._active())
        chosen = {
            name: value for name, value in items.items() if name in _PASSED_ON or name.startswith(include)
        }
        return chosen | dict(extra or {})

    def _active(self) -> MutableMapping[str, str]:
        return self._copy if self._copy is not None else self._process

    def _check_unprotected(self, name: str) -> None:
        if name in self._protected:
            raise ProtectedVariableError(f"{name} is protected and cannot be changed while running")

    def _write_back(self, isolated: dict[str, str]) -> list[tuple[str, str | None, str | None]]:
        changes: list[tuple[str, str | None, str | None]] = []
        for name in self._process.keys() - isolated.keys():
            changes.append((name, self._process.pop(name), None))
        for name, value in isolated.items():
            before = self._process.get(name)
            if before != value:
                self._process[name] = value
                changes.append((name, before, value))
        return changes

    def _announce(self, changes: list[tuple[str, str | None, str | None]]) -> None:
        with self._lock:
            callbacks = tuple(self._callbacks)
        for change in changes:
            for callback in callbacks:
                callback(*change)


def _check_variable(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name or "\0" in value:
        raise ProtectedVariableError(f"{name!r} cannot be the name of a variable, or its value holds a NUL")
