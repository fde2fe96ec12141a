"""Functions run in their own processes, under AWS's runtime client, as the template says."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.interpreters import LAMBDA_PYTHON, Interpreter
from localaws.cache import ROOT
from localaws.deployment import deploy
from localaws.embedded import EmbeddedAws
from localaws.lambda_service.runtime_api import FunctionError
from localaws.lambda_service.service import python_of_functions, python_shown
from tests.eventually import eventually
from tests.integration.localaws.small_stack import small_template, stack_of

ECHO = """
    import json, os, sys
    def handler(event, context):
        return {
            "event": event,
            "environment": dict(os.environ),
            "path": sys.path,
            "pid": os.getpid(),
            "directory": os.getcwd(),
            "milliseconds": context.get_remaining_time_in_millis(),
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb,
            "request_id": context.aws_request_id,
            "version": sys.version_info[:3],
        }
"""
CRASH = """
    import os, signal
    print("started", flush=True)
    def handler(event, context):
        if event == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()
"""


def gone(pid: int) -> bool:
    """Whether a process has ended, though nobody may have asked how: the first process of a container need not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_function_has_what_the_template_and_lambda_give_it_and_nothing_of_ours(
    deploy_small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "not theirs")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    small = deploy_small(ECHO)
    facts = json.loads(small.function.invoke(b'{"a": "\\u00fc"}'))
    environment = facts["environment"]
    assert facts["event"] == {"a": "ü"}
    assert environment["GREETING"] == "hello"
    assert environment["QUEUE_URL"] == small.queue_url
    assert environment["AWS_ENDPOINT_URL"] == small.aws.endpoint_url
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "small"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["_HANDLER"] == "small.handler"
    assert "OURS" not in environment
    assert facts["directory"] == environment["LAMBDA_TASK_ROOT"]
    assert facts["path"][0] == environment["LAMBDA_TASK_ROOT"]
    assert not any("site-packages" in entry or entry == str(ROOT) for entry in facts["path"])
    assert 15_000 < facts["milliseconds"] <= 20_000
    assert facts["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:small"
    assert facts["memory"] == "256"


@pytest.mark.parametrize("python", [Interpreter.own(), python_of_functions()], ids=["our own", "AWS's if it is here"])
def test_a_function_runs_on_the_python_that_is_said_and_is_told_so(python: Interpreter, tmp_path: Path) -> None:
    with EmbeddedAws(python=python) as aws:
        deploy.deploy(stack_of(small_template({}, {}, {}), tmp_path, ECHO), aws.client)
        facts = json.loads(aws.lambda_service.functions["small"].invoke(b"{}"))
        said = python_shown(aws.python)
    assert facts["version"] == list(python.version)
    assert facts["environment"]["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python{python.minor[0]}.{python.minor[1]}"
    assert f"Python {python.name}" in said
    assert ("as on AWS" in said) is (python.minor == LAMBDA_PYTHON)


def test_the_process_stays_warm_between_events(deploy_small: Any) -> None:
    small = deploy_small(ECHO)
    first, second = (json.loads(small.function.invoke(b"{}")) for _ in range(2))
    assert first["pid"] == second["pid"] == small.function.pid
    assert first["request_id"] != second["request_id"]


def test_a_process_that_dies_fails_its_event_and_the_next_one_gets_a_new_process(deploy_small: Any) -> None:
    small = deploy_small(CRASH)
    before = small.function.invoke(b"{}")
    with pytest.raises(FunctionError, match="signal 9"):
        small.function.invoke(b'"crash"')
    assert small.function.invoke(b"{}") != before
    assert any("Runtime.ExitError" in line for line in small.function.log_lines())


def test_a_process_that_is_killed_while_it_waits_is_replaced_for_the_next_event(deploy_small: Any) -> None:
    small = deploy_small(ECHO)
    before = json.loads(small.function.invoke(b"{}"))["pid"]
    small.function.kill()
    assert json.loads(small.function.invoke(b"{}"))["pid"] != before


def test_kill_ends_a_function_in_the_middle_of_its_work(deploy_small: Any) -> None:
    small = deploy_small("""
        import time
        def handler(event, context):
            print("working", flush=True)
            time.sleep(60)
    """)
    small.send("one")
    eventually(lambda: "working" in small.function.log_lines())
    assert small.function.busy
    pid = small.function.pid
    small.function.kill()
    assert gone(pid)
    eventually(lambda: not small.function.busy)
    assert small.in_flight() == 1


def test_a_function_that_takes_too_long_is_killed(deploy_small: Any) -> None:
    small = deploy_small(
        """
        import time
        def handler(event, context):
            time.sleep(60)
        """,
        function={"Timeout": 1},
    )
    pid = small.function.pid
    with pytest.raises(FunctionError, match=r"Task timed out after 1\.00 seconds"):
        small.function.invoke(b"{}")
    eventually(lambda: gone(pid))


def test_a_handler_that_raises_is_an_error_with_its_type_and_the_process_lives_on(deploy_small: Any) -> None:
    small = deploy_small("""
        def handler(event, context):
            raise KeyError("no such thing")
    """)
    pid = small.function.pid
    with pytest.raises(FunctionError, match=r"^KeyError: 'no such thing'$"):
        small.function.invoke(b"{}")
    assert small.function.pid == pid


def test_log_lines_reach_the_log_group_of_the_template(deploy_small: Any) -> None:
    small = deploy_small("""
        import sys
        def handler(event, context):
            print("to stdout ü")
            print("to stderr", file=sys.stderr)
    """)
    small.function.invoke(b"{}")
    logs = small.aws.client("logs")
    [group] = logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7

    def messages() -> list[str]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        return [event["message"] for event in events]

    eventually(lambda: {"to stdout ü", "to stderr"} <= set(messages()))
    assert any(line.startswith("REPORT RequestId: ") for line in small.function.log_lines())


def test_a_function_dies_with_the_embedded_aws_however_that_ends(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("""
import tempfile
from pathlib import Path
from tests.integration.localaws.small_stack import small_template, stack_of
from localaws.deployment import deploy
from localaws.embedded import EmbeddedAws
HANDLER = '''
import os, time
def handler(event, context):
    print("pid", os.getpid(), flush=True)
    time.sleep(60)
'''
with EmbeddedAws() as aws, tempfile.TemporaryDirectory() as directory:
    aws.on_log_line(lambda _, line: print(line, flush=True))
    outputs = deploy.deploy(stack_of(small_template({}, {}, {}), Path(directory), HANDLER), aws.client)
    aws.client("sqs").send_message(QueueUrl=outputs["QueueUrl"], MessageBody="x")
    aws.wait_until_quiet(60)
""")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, program], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        pid = next(int(line.split()[1]) for line in process.stdout or () if line.startswith("pid "))
        process.send_signal(signal.SIGKILL)
    eventually(lambda: gone(pid))
