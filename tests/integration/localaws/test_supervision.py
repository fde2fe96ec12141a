"""Nothing dies silently: whatever ends unasked ends the embedded AWS at once, with its own reason."""

import ctypes
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from infra.interpreters import Interpreter
from localaws.cache import ROOT
from localaws.deployment import deploy
from localaws.embedded import EmbeddedAws, NotQuietError
from localaws.lambda_service.runtime_api import FunctionError
from localaws.supervision import EndedUnaskedError
from tests.eventually import eventually
from tests.integration.localaws.small_stack import Small, small_template, stack_of
from tests.interception import Reply, intercept

AT_ONCE_S = 10
WORKS = """
    import time
    def handler(event, context):
        for record in event["Records"]:
            print("working", flush=True)
            time.sleep(float(record["body"]))
"""


class SomeDefect(BaseException):
    """What no code foresees, and none catches on its way."""


def small(aws: EmbeddedAws, place: Path, handler: str = WORKS) -> Small:
    outputs = deploy.deploy(stack_of(small_template({}, {}, {}), place, handler), aws.client)
    return Small(aws, outputs["QueueUrl"], outputs["DlqUrl"])


@contextmanager
def ending(reason: str, **options: Any) -> Iterator[EmbeddedAws]:
    """An embedded AWS that must end unasked, at once, for a reason that matches."""
    began = time.monotonic()
    with pytest.raises(EndedUnaskedError, match=reason), EmbeddedAws(**options) as aws:
        yield aws
    assert time.monotonic() - began < AT_ONCE_S


def raise_in(name: str) -> None:
    """Make the thread of that name raise, in the middle of what it does."""
    identity = next(thread.ident or 0 for thread in threading.enumerate() if name in thread.name)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(identity), ctypes.py_object(SomeDefect))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    # Connections of clients end in their own time.
    eventually(lambda: not [each for each in set(threading.enumerate()) - before if each.is_alive()])


@pytest.mark.parametrize(
    ("thread", "part"),
    [
        ("localaws-accept", "the server of the embedded AWS"),
        ("small-Queue-", "the pump of queue small-Queue-"),
        ("small-runtime-api", "the runtime API of small"),
        ("small-process", "the keeper of a process of small"),
        ("small-logs", "the sender of small's log"),
    ],
)
def test_a_thread_that_ends_ends_the_wait_with_its_own_reason(thread: str, part: str, tmp_path: Path) -> None:
    with ending(rf"^{part}.* ended unasked: SomeDefect; ", concurrency=1) as aws:
        stack = small(aws, tmp_path)
        stack.send("0.2")
        eventually(lambda: "working" in stack.function.log_lines())
        raise_in(thread)
        # A thread that waits raises when it next has something to do.
        for _ in range(100):
            stack.send("0")
            aws.wait_until_quiet(60)


@pytest.mark.parametrize(
    ("work", "part", "returning"),
    [
        (
            "lambda_service.event_source_mapping.QueuePump._receive_until_stopped",
            "the pump of queue small-Queue-",
            True,
        ),
        ("lambda_service.event_source_mapping.QueuePump._delete", "a batch of queue small-Queue-", False),
        ("lambda_service.runtime_api.RuntimeApi._accept", "the runtime API of small", True),
        ("lambda_service.runtime_api.RuntimeApi.next", "the runtime API of small", False),
        ("lambda_service.runtime_api.RuntimeApi.answered", "the runtime API of small", False),
        (
            "lambda_service.execution_environment.ExecutionEnvironment._copy_log",
            "the keeper of a process of small",
            False,
        ),
        ("lambda_service.function_logs.FunctionLogs._send", "the sender of small's log", False),
    ],
)
def test_a_part_that_raises_or_just_returns_ends_the_wait(
    work: str, part: str, returning: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (SomeDefect("a defect"), SystemExit("a defect"), *([None] if returning else [])):
        monkeypatch.setattr(f"localaws.{work}", Mock(side_effect=error))
        reason = "" if error is None else f": {type(error).__name__}: a defect"
        with ending(rf"^{part}\S* ended unasked{reason}; ") as aws:
            small(aws, tmp_path).send("0", "0")
            aws.wait_until_quiet(60)


def test_whoever_waits_for_an_answer_is_let_go_when_the_server_dies(tmp_path: Path) -> None:
    with ending("^the server of the embedded AWS ended unasked") as aws:
        stack = small(aws, tmp_path)
        threading.Timer(0.5, raise_in, ["localaws-accept"]).start()
        while True:
            aws.client("sqs").receive_message(QueueUrl=stack.dlq_url, WaitTimeSeconds=20)


def test_the_first_reason_counts_and_what_fails_because_of_it_is_not_shown(tmp_path: Path) -> None:
    shown: list[str] = []
    with ending("^the server of the embedded AWS") as aws:
        stack = small(aws, tmp_path)
        stack.function.invoke(b'{"Records": []}')
        aws.on_log_line(lambda _, line: shown.append(line))
        raise_in("localaws-accept")
        aws.wait_until_it_ends()
        pytest.fail("it ended")
    assert shown == []


def test_a_queue_that_cannot_be_received_from_ends_the_wait(tmp_path: Path) -> None:
    refused = Reply(500, {}, b"")
    with ending("^the pump of queue small-Queue-.*ClientError") as aws:
        stack = small(aws, tmp_path)
        intercept(aws, lambda request: refused if request.operation == "ReceiveMessage" else None)
        stack.send("0")
        aws.wait_until_quiet(60)


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("import no_such_module", "No module named 'no_such_module'"),
        ("import os\nos._exit(3)", "its process ended with exit status 3"),
        ("import os\nos.kill(os.getpid(), 9)", "its process ended with signal 9"),
    ],
)
def test_a_function_that_never_gets_to_its_first_event_ends_the_wait(handler: str, reason: str, tmp_path: Path) -> None:
    with ending(rf"^small cannot start, 3 times in a row: .*{reason}") as aws:
        small(aws, tmp_path, handler).send("one")
        aws.wait_until_quiet(60)


def test_a_function_that_fails_to_start_once_is_started_again(tmp_path: Path) -> None:
    handler = f"""
        import pathlib
        mark = pathlib.Path({str(tmp_path / "mark")!r})
        if not mark.exists():
            mark.touch()
            raise OSError("not yet")
        def handler(event, context):
            return "ready"
    """
    with EmbeddedAws() as aws:
        stack = small(aws, tmp_path, handler)
        eventually((tmp_path / "mark").exists)
        assert stack.function.pid
        eventually(lambda: answered(stack) == b'"ready"')


def begun(stack: Small, times: int) -> bool:
    return stack.function.log_lines().count("working") == times


def answered(stack: Small) -> bytes:
    try:
        return stack.function.invoke(b"{}")
    except FunctionError as error:
        return str(error).encode()


@pytest.mark.parametrize("path", ["/no/such/python", "/bin/false", "/bin/true"])
def test_a_python_that_does_not_run_ends_the_wait(path: str, tmp_path: Path) -> None:
    wrong = replace(Interpreter.own(), executable=Path(path))
    with ending("small", python=wrong) as aws:
        small(aws, tmp_path).send("0")
        aws.wait_until_quiet(60)


def test_code_that_cannot_be_unpacked_ends_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("localaws.lambda_service.function.unpacked", broken)
    with ending("^small cannot start: .*No space left") as aws:
        small(aws, tmp_path).send("0")
        aws.wait_until_quiet(60)


def test_a_process_that_dies_in_an_event_is_the_life_of_a_function(tmp_path: Path) -> None:
    with EmbeddedAws() as aws:
        stack = small(aws, tmp_path)
        for times in range(1, 5):
            stack.send("30")
            eventually(partial(begun, stack, times))
            os.kill(stack.function.pid, signal.SIGKILL)
            eventually(lambda: not stack.function.busy)
        with pytest.raises(NotQuietError, match=r"waiting for: queue .* in flight"):
            aws.wait_until_quiet(0.1)


def test_the_wait_says_what_it_waits_for(tmp_path: Path) -> None:
    told: list[str] = []
    with EmbeddedAws() as aws:
        stack = small(aws, tmp_path)
        stack.send("0.3")
        aws.wait_until_quiet(20, waiting_for=told.append)
    assert "function small is running" in told[-1] or "1 in flight" in told[-1]
    assert all(one != other for one, other in itertools.pairwise(told))


COMMAND = """
import contextlib, sys, threading, time
from localaws.commands import local
from localaws.commands import demo
from tests.integration.localaws.test_supervision import raise_in
def kill_when_it_is_there():
    while not any(sys.argv[1] in thread.name for thread in threading.enumerate()):
        time.sleep(0.05)
    time.sleep(1)
    # What is raised in a thread that is just starting another one is lost; and in one that has just accepted a
    # connection, it leaves that open, with nobody to answer, until the client has waited for a minute.
    while found := [thread for thread in threading.enumerate() if sys.argv[1] in thread.name]:
        frame = sys._current_frames().get(found[0].ident)
        if frame is not None and frame.f_code.co_name in {"select", "wait"}:
            with contextlib.suppress(StopIteration):
                raise_in(sys.argv[1])
            time.sleep(0.5)
        time.sleep(0.01)
threading.Thread(target=kill_when_it_is_there, daemon=True).start()
(demo if sys.argv[2] == "demo" else local)(sys.argv[3:], prog_name="copytrail")
"""


@pytest.mark.parametrize(
    ("command", "thread"),
    [(("demo",), "localaws-accept"), (("demo",), "-pump"), (("local", "up", "--port", "0"), "-pump")],
    ids=["the server during the demo", "a pump during the demo", "a pump of one that is up"],
)
def test_the_command_ends_at_once_with_one_line_and_exit_code_1(command: tuple[str, ...], thread: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", COMMAND, thread, *command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=ROOT,
        timeout=100,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: the ")
    assert " ended unasked: SomeDefect" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 60
