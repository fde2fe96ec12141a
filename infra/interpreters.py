"""The CPythons of this machine: where they are, and which of them run.

Assets are built for one, functions run on one, and `make test-pythons` runs on all of them.
"""

import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# What the functions run on in AWS.
LAMBDA_PYTHON = (3, 13)

# Where installers and the usual version managers put Pythons: below the file system's root, or below a folder that a
# variable names.
_FOLDERS = (
    *((None, folder) for folder in ("usr/bin", "usr/local/bin", "opt/homebrew/bin", "opt/python/*/bin")),
    *(("PYENV_ROOT", "versions/*/bin"), ("UV_PYTHON_INSTALL_DIR", "*/bin"), ("XDG_DATA_HOME", "uv/python/*/bin")),
    *(("ASDF_DATA_DIR", "installs/python/*/bin"), ("MISE_DATA_DIR", "installs/python/*/bin")),
    *(("HOME", ".pyenv/versions/*/bin"), ("HOME", ".local/share/uv/python/*/bin")),
    *(("HOME", ".asdf/installs/python/*/bin"), ("HOME", ".local/share/mise/installs/python/*/bin")),
    ("HOME", ".local/bin"),
)
_NAME = re.compile(r"python3(\.\d+)?")
_LONGEST_PROBE_S = 5

# What a Python says of itself, after it has loaded what a function, and uv, cannot do without.
_PROBE = """
import ctypes, hashlib, json, platform, sqlite3, ssl, sys, sysconfig, zlib
print(json.dumps({
    "executable": getattr(sys, "_base_executable", sys.executable),
    "version": sys.version_info[:3],
    "final": sys.version_info.releaselevel == "final",
    "implementation": sys.implementation.name,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "machine": [platform.machine(), sys.maxsize],
    "cache_tag": sys.implementation.cache_tag,
    "platform": sysconfig.get_platform(),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A CPython that runs here. `tag` names what compiled wheels are made for: version and platform."""

    executable: Path
    version: tuple[int, int, int]
    tag: str

    @property
    def minor(self) -> tuple[int, int]:
        """The version without its patch level, (3, 13)."""
        return self.version[:2]

    @property
    def name(self) -> str:
        """The version as people write it, `3.13.0`."""
        return ".".join(map(str, self.version))

    @classmethod
    def own(cls) -> "Interpreter":
        """The one that runs this."""
        tag = f"{sys.implementation.cache_tag} {sysconfig.get_platform()}"
        return cls(Path(sys.executable), sys.version_info[:3], tag)


def installed(
    minor: tuple[int, int] | None = None, *, environment: Mapping[str, str] = os.environ, root: Path = Path("/")
) -> Iterator[Interpreter]:
    """The CPythons of this machine: `/usr/bin/python3` first, then those on the PATH, then those of version managers.

    Each is there once. What does not run, is no CPython, was built for another processor or without the global lock,
    is no final release, or lacks `ssl`, `ctypes`, `sqlite3` or `zlib`, is passed over.

    Args:
        minor: only those of this version, (3, 13), found by the name `python3.13`; each Python has such a name.
        environment: the PATH, HOME and the version managers' variables.
        root: where `usr/bin` and the like are.
    """
    seen: set[Path] = set()
    for candidate in _candidates(minor, environment, root):
        real = candidate.resolve()
        if real in seen or not os.access(real, os.X_OK):
            continue
        seen.add(real)
        found = probe(candidate)
        if found is None or minor not in {None, found.minor}:
            continue
        real = found.executable.resolve()
        if real == candidate.resolve() or real not in seen:
            seen.add(real)
            yield found


@cache
def lambda_python() -> Interpreter | None:
    """The first Python of this machine of the version that functions run on in AWS."""
    return next(installed(LAMBDA_PYTHON), None)


def probe(executable: Path) -> Interpreter | None:
    """Run a Python and ask what it is; None when it does not run, or is none that could run a function."""
    command = [str(executable), "-I", "-S", "-c", _PROBE]
    try:
        done = subprocess.run(  # noqa: S603 - what the machine calls Python, and our own words
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST_PROBE_S, check=True
        )
        facts = json.loads(done.stdout)
        alike = facts["machine"] == [platform.machine(), sys.maxsize]
        if not alike or facts["free_threaded"] or not facts["final"] or facts["implementation"] != "cpython":
            return None
        major, minor, micro = facts["version"]
        tag = f"{facts['cache_tag']} {facts['platform']}"
        return Interpreter(Path(facts["executable"]), (major, minor, micro), tag)
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, LookupError):
        return None


def _candidates(minor: tuple[int, int] | None, environment: Mapping[str, str], root: Path) -> Iterator[Path]:
    if minor is None:
        yield root / "usr/bin/python3"
    for folder in _folders(environment, root):
        if minor is not None:
            yield folder / f"python{minor[0]}.{minor[1]}"
        elif folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def _folders(environment: Mapping[str, str], root: Path) -> Iterator[Path]:
    for folder in filter(None, environment.get("PATH", os.defpath).split(os.pathsep)):
        yield from _behind_shims(Path(folder))
    for variable, pattern in _FOLDERS:
        if above := root if variable is None else environment.get(variable):
            yield from _matching(Path(above), pattern)


def _behind_shims(folder: Path) -> list[Path]:
    # A version manager's stand-ins are slow, and fail where no version is chosen; the Pythons are beside them.
    if folder.name != "shims":
        return [folder]
    return _matching(folder.parent, "versions/*/bin") + _matching(folder.parent, "installs/python/*/bin")


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []
