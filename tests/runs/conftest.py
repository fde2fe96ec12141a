"""Small runs of pytest as this project has it set up, in a process and a folder of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]

# In the background of a script, under nohup.
IN_BACKGROUND = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


# `make test` runs with workers.
@pytest.fixture(
    params=[pytest.param("0", id="in one process", marks=pytest.mark.long), pytest.param("1", id="with a worker")]
)
def run(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs pytest on the text of a test module; the exit code and all that it prints."""

    def run_pytest(module: str, *options: str, in_background: bool = False) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_it.py").write_text(dedent(module))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST_")}
        environment |= {"TMPDIR": str(tmp_path_factory.mktemp("temporary")), "COLUMNS": "200"}
        set_up = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-p", "tests.conftest"]
        return subprocess.run(  # noqa: S603 - our own words
            [
                sys.executable,
                *(["-c", IN_BACKGROUND] if in_background else []),
                *["-m", "pytest", *set_up, "-p", "no:cacheprovider", "--color", "no", "-n", request.param],
                *["-o", "leftovers_wait=0.3", *options, "test_it.py"],
            ],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=60,
        )

    return run_pytest


def ended(pid: int) -> bool:
    """Whether a process is gone; it is killed if not."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return True
    return False
