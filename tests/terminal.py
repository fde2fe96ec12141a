"""The `copytrail` command as a person runs it: in pipes, on a terminal, or to be stopped."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import IO

from tests import documented_json, forked

COPYTRAIL = Path(sys.executable).with_name("copytrail")


class Running:
    """A command under way, with its output in pipes; at the end of a `with` block it has ended."""

    def __init__(self, process: ForkServerProcess, stdout: IO[str], stderr: IO[str]) -> None:
        self._process = process
        self.stdout = stdout
        self.stderr = stderr

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait()

    @property
    def returncode(self) -> int | None:
        """The exit code, or -N if signal N ended it; None: it is still under way."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, so many seconds at most; the exit code.

        Raises:
            TimeoutError: it was still under way, and is now killed.
        """
        self._process.join(timeout)
        code = self.returncode
        if code is None:
            self.kill()
            raise TimeoutError(f"the command was still under way after {timeout} s")
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; all that it printed, and all that it told on stderr.

        Raises:
            TimeoutError: it was still under way after so many seconds, and is now killed.
        """
        with self.stdout, self.stderr, ThreadPoolExecutor(2) as readers:
            printed, told = readers.submit(self.stdout.read), readers.submit(self.stderr.read)
            try:
                self.wait(timeout)
            except BaseException:
                # The readers are waited for, and end with the command.
                self.kill()
                raise
            return printed.result(), told.result()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.pid is not None and self.returncode is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Terminal:
    """The `copytrail` command in a shell of its own, whose environment is these variables and nothing else."""

    def __init__(self, home: Path, variables: Mapping[str, str]) -> None:
        self.home = home
        self._variables = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command with its output in pipes. An empty value takes a variable away."""
        running = self.popen(*arguments, **environment)
        printed, told = running.communicate()
        documented_json.check(arguments, printed)
        return subprocess.CompletedProcess(arguments, running.wait(), printed, told)

    def run_installed(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command in an interpreter of its own: what `run` spares."""
        return subprocess.run(  # noqa: S603 - our own command
            [COPYTRAIL, *arguments],
            env=self.variables(environment),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            errors="replace",
        )

    def popen(self, *arguments: str, **environment: str) -> Running:
        """Start the command with its output in pipes, to be stopped before its end."""
        (ours, stdout), (ours_too, stderr) = os.pipe(), os.pipe()
        process = self._start(arguments, environment, stdout, stderr)
        return Running(process, *(os.fdopen(end, encoding="utf-8", errors="replace") for end in (ours, ours_too)))

    def show(self, *arguments: str, width: int = 120) -> str:
        """Run the command on a terminal of so many characters a line; what it shows."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        process = self._start(arguments, {"TERM": "xterm"}, theirs)
        shown = b"".join(_until_closed(ours))
        os.close(ours)
        process.join()
        return shown.decode()

    def variables(self, changes: Mapping[str, str]) -> dict[str, str]:
        """The environment of the command, and of nothing else on this machine."""
        return {name: value for name, value in (self._variables | dict(changes)).items() if value}

    def _start(self, arguments: tuple[str, ...], environment: Mapping[str, str], *streams: int) -> ForkServerProcess:
        stdout, stderr = streams[0], streams[-1]
        try:
            return forked.start(
                arguments, variables=self.variables(environment), folder=self.home, stdout=stdout, stderr=stderr
            )
        finally:
            for stream in streams:
                os.close(stream)


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            # Linux says EIO when the other end of a terminal is closed.
            return
        if not chunk:
            return
        yield chunk
