"""Owns the installed `copytrail` command, run as a person runs it: in pipes, on a terminal, or to be killed."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from pathlib import Path

COPYTRAIL = Path(sys.executable).with_name("copytrail")


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
        return subprocess.run(  # noqa: S603 - our own command
            [COPYTRAIL, *arguments],
            env=self.variables(environment),
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
        )

    def popen(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command with its output in pipes, to be stopped before its end."""
        # What a shell starts in the background ignores Ctrl-C, and so would what that starts.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(  # noqa: S603 - our own command
                [COPYTRAIL, *arguments],
                env=self.variables(environment),
                cwd=self.home,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def show(self, *arguments: str, width: int = 120) -> str:
        """Run the command on a terminal of so many characters a line; what it shows."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        with subprocess.Popen(  # noqa: S603 - our own command
            [COPYTRAIL, *arguments],
            env=self.variables({"TERM": "xterm"}),
            cwd=self.home,
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            shown = b"".join(_until_closed(ours))
        os.close(ours)
        return shown.decode()

    def variables(self, changes: Mapping[str, str]) -> dict[str, str]:
        """The environment of the command, and of nothing else on this machine."""
        return {name: value for name, value in (self._variables | dict(changes)).items() if value}


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
