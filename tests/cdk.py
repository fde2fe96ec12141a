"""The real CDK command line, which package.json pins, on the Node of the virtual environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from localaws.cache import ROOT

_SCRIPTS = Path(sys.executable).parent
_CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"


def run(*arguments: str, aws: Mapping[str, str], cwd: Path = ROOT) -> None:
    """Run `cdk` against the AWS of these variables. Fails the test with all that it said, if it fails."""
    if not _CDK.exists():
        _run(str(_SCRIPTS / "npm"), "ci", "--no-audit", "--no-fund", aws={}, cwd=ROOT)
    _run(str(_SCRIPTS / "node"), str(_CDK), *arguments, aws=aws, cwd=cwd)


def _run(*command: str, aws: Mapping[str, str], cwd: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    path = os.pathsep.join([str(_SCRIPTS), os.environ.get("PATH", os.defpath)])
    environment |= {**aws, "PATH": path, "CI": "true", "CDK_DISABLE_CLI_TELEMETRY": "1"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # the tools that package.json pins
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
