"""The surroundings of a benchmark: an endpoint in a process of its own, and an empty folder."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.endpoint import STATE_PATH
from benchmarks.measured import Measured, measure

_COPYTRAIL = Path(sys.executable).with_name("copytrail")
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Site:
    """An endpoint's address, and a folder for what commands write."""

    address: str
    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of commands: the endpoint is all of AWS, and the home is empty."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def copytrail(self, *arguments: str) -> Measured:
        """Run the installed `copytrail`."""
        return self.run(str(_COPYTRAIL), *arguments, name=f"copytrail-{'-'.join(arguments[:2])}")

    def run(self, *command: str, name: str, variables: Mapping[str, str] | None = None) -> Measured:
        """Run a command, with more variables."""
        return measure(command, name=name, folder=self.folder, environment={**self.environment, **(variables or {})})

    def state(self) -> Mapping[str, Any]:
        """What the endpoint tells of itself: queues, requests, events."""
        with urlopen(self.address + STATE_PATH, timeout=60) as answer:  # noqa: S310 - on the loopback
            state: Mapping[str, Any] = json.load(answer)
        return state


@contextmanager
def site(*, objects: int = 0, records: int = 0, letters: int = 0) -> Iterator[Site]:
    """An endpoint with so many things, as long as the block lasts.

    Raises:
        RuntimeError: the endpoint did not start.
    """
    sizes = {"--objects": objects, "--records": records, "--letters": letters}
    arguments: Sequence[str] = [text for option, size in sizes.items() for text in (option, str(size))]
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.endpoint", *arguments], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the benchmarks' endpoint did not start")
        with process.stdout, TemporaryDirectory(prefix="copytrail-benchmark-") as folder:
            yield Site(address, Path(folder))
    finally:
        process.terminate()
        process.wait()
