"""A pytest plugin: a run that leaves a process, a port or a file behind fails, and says which.

Processes and ports are looked for on Linux only. What pytest keeps of tests that failed stays.
"""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from multiprocessing import util
from pathlib import Path
from typing import Any, NamedTuple

import pytest

_PROC = Path("/proc")
# The tools' own, which are no result of a run.
_CACHES = {".git", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tools", ".venv", "__pycache__"}
_BUILT = {"build", "node_modules"}
# They end with the interpreter that started them: multiprocessing's own two, and the CDK's node.
_HELPERS = ("multiprocessing.forkserver", "multiprocessing.resource_tracker")
_HELPERS_WITH_CHILDREN = ("jsii-runtime.js",)


class Process(NamedTuple):
    """A process: its ids, its start in clock ticks since the machine's, and its command line."""

    pid: int
    parent: int
    group: int
    session: int
    started: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid}: {self.command}"


class Leftovers:
    """What a pytest process, or the workers of one, has left behind when its session ends."""

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.rootpath
        self._is_worker = hasattr(config, "workerinput")
        self._output: dict[str, Any] = getattr(config, "workeroutput", {})
        self._found: list[str] = []
        self._began = _started(os.getpid())
        if not self._is_worker:
            self._files = set(_files(self._root))
            self._temporary = _own_temporary_folder()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has found."""
        self._found += getattr(node, "workeroutput", {}).get("leftovers", [])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Find what is left, after the last test and, where there are workers, after their end."""
        found = _lasting(self._left, float(session.config.getini("leftovers_wait")))
        # What a worker has left is an orphan once that has ended.
        self._found += [line for line in found if line not in self._found]
        if self._is_worker:
            self._output["leftovers"] = self._found
        else:
            _empty(self._temporary)
            if self._found and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was found."""
        if self._found:
            terminalreporter.section("left behind by the tests", red=True)
            for line in self._found:
                terminalreporter.line(line)

    def _left(self) -> list[str]:
        found = [*map(str, _children()), *(f"port {port} is listened on" for port in _ports())]
        if not self._is_worker:
            found += map(str, _orphans(self._began))
            found += [f"file {path}" for path in sorted(set(_files(self._root)) - self._files)]
            found += [f"temporary file {path}" for path in sorted(_temporary_files(self._temporary))]
        return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take how long what has been told to end may take for it."""
    parser.addini("leftovers_wait", "seconds until what is still there counts as left behind", default="10")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch."""
    config.pluginmanager.register(Leftovers(config))


def _lasting(find: Callable[[], list[str]], wait_s: float) -> list[str]:
    """What is still found after a while: a process may be about to end."""
    give_up_at = time.monotonic() + wait_s
    while (found := find()) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return found


def _own_temporary_folder() -> Path:
    """A folder for whatever this run puts among the temporary files, but what pytest keeps."""
    elsewhere = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="copytrail-tests-")
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", elsewhere)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    # After multiprocessing's own folder in there, which goes at -100.
    util.Finalize(None, shutil.rmtree, (folder,), exitpriority=-200)
    return Path(folder)


def _temporary_files(folder: Path) -> Iterator[Path]:
    # multiprocessing removes the folder of this process, if it has one, as the interpreter ends.
    its_own = Path(util.get_temp_dir()) if "multiprocessing.forkserver" in sys.modules else None
    return (path for path in folder.iterdir() if path != its_own)


def _empty(folder: Path) -> None:
    for path in _temporary_files(folder):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _files(root: Path) -> Iterator[str]:
    """Every file under a folder that is neither built nor a tool's."""
    for folder, folders, names in os.walk(root):
        unseen = _CACHES | _BUILT if Path(folder) == root else _CACHES
        folders[:] = [name for name in folders if name not in unseen]
        yield from (str(Path(folder, name).relative_to(root)) for name in names)


def _children() -> Iterator[Process]:
    """What descends from this process, and is alive."""
    by_parent: defaultdict[int, list[Process]] = defaultdict(list)
    for process in _processes():
        by_parent[process.parent].append(process)

    def below(pid: int) -> Iterator[Process]:
        for child in by_parent[pid]:
            yield child
            yield from below(child.pid)

    for child in by_parent[os.getpid()]:
        if any(helper in child.command for helper in _HELPERS_WITH_CHILDREN):
            continue
        if not any(helper in child.command for helper in _HELPERS):
            yield child
        yield from below(child.pid)


def _orphans(since: int) -> Iterator[Process]:
    """What this checkout's programs started since then, and whose parent has ended.

    One of that parent's ancestors has adopted it. So may a shell have another job of the person's, in another group.
    """
    processes = {process.pid: process for process in _processes()}
    ours = processes.get(os.getpid())
    if ours is None:
        return
    ancestors = {ours.pid}
    above = ours
    while above.parent in processes:
        above = processes[above.parent]
        ancestors.add(above.pid)
    for process in processes.values():
        is_adopted = process.parent in ancestors - {ours.pid} and process.pid not in ancestors
        is_another_job = process.session == ours.session and process.group != ours.group
        if is_adopted and not is_another_job and process.started >= since and sys.prefix in process.command:
            yield process


def _processes() -> Iterator[Process]:
    for entry in _PROC.glob("[0-9]*"):
        try:
            state, parent, group, session, *rest = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            # It has ended meanwhile.
            continue
        if state != "Z":
            yield Process(int(entry.name), int(parent), int(group), int(session), int(rest[15]), command)


def _started(pid: int) -> int:
    return next((process.started for process in _processes() if process.pid == pid), 0)


def _ports() -> Iterator[int]:
    """What this process listens on."""
    for entry in (_PROC / "self" / "fd").glob("*"):
        try:
            if not str(entry.readlink()).startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(entry.name))) as one:
                if one.family in (socket.AF_INET, socket.AF_INET6) and one.getsockopt(
                    socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                ):
                    yield one.getsockname()[1]
        except OSError:
            continue
