"""`copytrail` in a process of its own that need not import it first: one that a fork server has forked.

In the tests' own process, commands would share environment, folder, streams, signals and the interpreter's lock with
the embedded AWS there. A new interpreter takes ten times as long.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import reduction, util
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from ops import cli
from ops.interrupts import take_over

# The path of a socket has room for a hundred characters ("sun_path", unix(7)), and multiprocessing adds 32.
_LONGEST_FOLDER = 64


@cache
def _choose_folder_of_sockets() -> None:
    """Have multiprocessing put its socket into /tmp, where the folder of temporary files has too long a name."""
    folder = tempfile.gettempdir()
    if len(folder) > _LONGEST_FOLDER:
        tempfile.tempdir = "/tmp"  # noqa: S108 - multiprocessing makes a folder of its own there
        util.get_temp_dir()
        tempfile.tempdir = folder


_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.preloaded"])


def start(
    arguments: Sequence[str], *, variables: Mapping[str, str], folder: Path, stdout: int, stderr: int
) -> ForkServerProcess:
    """Start `copytrail` in this environment and folder, with nothing on stdin; the descriptors stay the caller's."""
    _choose_folder_of_sockets()
    streams = (_Descriptor(stdout), _Descriptor(stderr))
    process = _server.Process(target=_copytrail, args=(list(arguments), dict(variables), folder, streams), daemon=True)
    process.start()
    return process


class _Descriptor:
    """A file descriptor that a process is given as it starts."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._number),)


def _received(given: Any) -> int:
    return int(given.detach())


def _copytrail(arguments: Sequence[str], variables: Mapping[str, str], folder: Path, streams: tuple[int, int]) -> None:
    """Run the command with what a new interpreter would have given it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), *streams)):
        os.dup2(stream, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for good
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    os.chdir(folder)
    sys.argv = ["copytrail", *arguments]
    # As `ops.entry` does.
    take_over()
    cli.main()
