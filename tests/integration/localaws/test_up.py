"""`copytrail local up`, as a person runs it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from localaws.cache import ROOT

UP = [sys.executable, "-c", "from localaws.commands import local; local(prog_name='copytrail local')", "up"]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    shown = tmp_path / "stderr"
    with (
        shown.open("w") as stderr,
        subprocess.Popen([*UP, "--port", "0"], stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT) as process,  # noqa: S603  # our own command
    ):
        yield process, shown
        process.kill()


def exports(process: subprocess.Popen[str]) -> dict[str, str]:
    lines = [(process.stdout or iter(())).__next__().strip() for _ in range(5)]
    assert all(line.startswith("export ") for line in lines)
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_says_how_to_talk_to_it_shows_transfers_and_stops_cleanly(
    up: tuple[subprocess.Popen[str], Path], how: signal.Signals
) -> None:
    process, shown = up
    variables = exports(process)
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"]
    s3 = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_DEFAULT_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    s3.put_object(Bucket="devops-public-5607", Key="a b+.txt", Body=b"hello")
    s3.get_waiter("object_exists").wait(
        Bucket="devops-private-28593", Key="a b+.txt", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    s3.close()
    # The copy is there before the function says so.
    give_up_at = time.monotonic() + 30
    while "Copied" not in shown.read_text() and time.monotonic() < give_up_at:
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(how)
    assert process.wait(20) == 0
    text = shown.read_text()
    assert "Copied  s3://devops-public-5607/a b+.txt  5 B" in text
    assert "Traceback" not in text
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | more
    return subprocess.run([*UP, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, env=environment)  # noqa: S603  # our own command


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: port {port} is in use")
    assert "--port" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_refused_setting_is_the_apps_own_message_and_exit_code_2() -> None:
    done = run("--port", "0", "--stack", "not_a_stack_name!", AWS_PROFILE="nobody-has-this")
    assert done.returncode == 2
    assert "stackName" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_has_an_example() -> None:
    assert "copytrail local up" in run("--help").stdout
