"""Tests pass wherever they are run: on a strange terminal, in the background, in another language and time zone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.conftest import IN_BACKGROUND, ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

TESTED = ("tests/architecture", "tests/unit", "tests/integration/ops", "tests/operator/test_status.py")
# Nobody's, not even root's, to write to; uv and npm want to be told of another place then.
NO_HOME = {"HOME": "/proc/nowhere", "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv"))}


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "TZ": "Asia/Kathmandu", "NO_COLOR": "1", "COLUMNS": "40", "TERM": "dumb", **NO_HOME},
        {"LANG": "C.UTF-8", "TZ": "America/St_Johns", "FORCE_COLOR": "1", "CI": "true", "AWS_PROFILE": "nobody"},
    ],
    ids=["bare", "colourful"],
)
def test_tests_pass_in_the_background_with_no_input_and_files_of_ones_own(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    # Where packages come from is no matter of the tests.
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith(("UV_", "npm_"))}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", IN_BACKGROUND, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-n", "2", *TESTED],
        cwd=ROOT,
        env=kept | {"TMPDIR": str(tmp_path), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        umask=0o077,
        start_new_session=True,
    )
    assert done.returncode == 0, done.stdout
