"""One measured run of a command: its time, its CPU time, and its peak memory."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# getrusage(2): ru_maxrss is in kibibytes on Linux, in bytes on macOS.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Measured:
    """What a run took. `peak_rss` in bytes; what it printed is in files."""

    seconds: float
    cpu_seconds: float
    peak_rss: int
    exit_code: int
    stdout: Path
    stderr: Path


def measure(command: Sequence[str], *, name: str, folder: Path, environment: Mapping[str, str]) -> Measured:
    """Run a command in a folder, with these variables and no others, to its end.

    The kernel counts this process's own memory as the least that a command has used: it must stay small.
    """
    stdout, stderr = folder / f"{name}.stdout", folder / f"{name}.stderr"
    with stdout.open("wb") as out, stderr.open("wb") as err:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=err)  # noqa: S603 - ours
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        seconds = time.monotonic() - started
    # Popen is not to wait for a process that is gone.
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_rss=used.ru_maxrss * _RSS_UNIT,
        exit_code=process.returncode,
        stdout=stdout,
        stderr=stderr,
    )
