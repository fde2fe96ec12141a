"""What a person or AWS gets wrong ends in one line and a meaningful exit code, never in a traceback."""

import json
import os
import signal
import socket
import subprocess
from typing import Any

import pytest

from tests.fakes.outcomes import a_record
from tests.integration.ops.conftest import OTHER_STACK, AuditTerminal
from tests.terminal import COPYTRAIL

LIST = ["audit", "list"]


@pytest.mark.parametrize(
    ("arguments", "environment", "exit_code", "said"),
    [
        (["--stack", "nope", *LIST], {}, 2, "there is no stack 'nope' in us-east-1"),
        (["--stack", "", *LIST], {}, 2, "the name of the stack is empty"),
        (
            ["--region", "eu-west-1", *LIST],
            {},
            2,
            "in eu-west-1: deploy it, or name another with --stack or COPYTRAIL_STACK",
        ),
        (["--region", "x/y", *LIST], {}, 2, "'x/y'"),
        (
            ["--stack", "\udcff", *LIST],
            {},
            2,
            r"'\udcff' is not UTF-8, as names in AWS are: check the shell's encoding",
        ),
        (["--profile", "nobody", *LIST], {}, 2, "nobody"),
        (LIST, {"AWS_PROFILE": "nobody"}, 2, "nobody"),
        (LIST, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, 2, "there are no AWS credentials"),
        (LIST, {"AWS_SECRET_ACCESS_KEY": ""}, 2, "there are no AWS credentials"),
        (LIST, {"AWS_REGION": ""}, 2, "there is no AWS region"),
        (LIST, {"AWS_ENDPOINT_URL": "nonsense"}, 2, "Invalid endpoint: nonsense"),
        (LIST, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, 1, "http://127.0.0.1:1/ does not answer"),
        ([*LIST, "--since", "yesterday"], {}, 2, "'yesterday' is not a moment: write 15m, 1h or 7d"),
        ([*LIST, "--until", "99999999w"], {}, 2, "'99999999w' is not a moment"),
        ([*LIST, "--since", "1h", "--until", "2h"], {}, 2, "is not before --until"),
        (["audit", "get", "7"], {}, 2, "'7' is not a whole LogID: type all 36 characters"),
        (["audit", "get", "\x1b[2J"], {}, 2, r"'\x1b[2J' is not a LogID"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line(
    terminal: AuditTerminal, arguments: list[str], environment: dict[str, str], exit_code: int, said: str
) -> None:
    ended = terminal.run(*arguments, **environment)
    assert (ended.returncode, ended.stdout) == (exit_code, "")
    assert said in ended.stderr
    assert ended.stderr.startswith("Error: ")
    assert ended.stderr.count("\n") == 1


def test_a_stack_of_something_else_is_told_by_the_output_it_lacks(terminal: AuditTerminal) -> None:
    ended = terminal.run("--stack", OTHER_STACK, *LIST)
    assert ended.returncode == 2
    assert "has no output AuditTableName (status CREATE_COMPLETE)" in ended.stderr


def test_a_table_that_is_gone_is_named(terminal: AuditTerminal) -> None:
    terminal.dynamodb.delete_table(TableName=terminal.table_name)
    ended = terminal.run(*LIST)
    assert ended.returncode == 1
    assert terminal.table_name in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_item_that_is_no_record_is_shown_as_it_is(terminal: AuditTerminal) -> None:
    item: Any = {"LogID": {"S": a_record().log_id}, "Size": {"N": "-1"}, "Bytes": {"B": b"\xff"}, "Has": {"SS": ["a"]}}
    terminal.dynamodb.put_item(TableName=terminal.table_name, Item=item)
    # What it has is documented nowhere, so `run` would not let it pass.
    ended = terminal.run_installed("audit", "get", a_record().log_id, "--json")
    assert ended.returncode == 0
    assert json.loads(ended.stdout) == {
        "LogID": a_record().log_id,
        "Size": "-1",
        "Bytes": {"B": "/w=="},
        "Has": {"SS": ["a"]},
    }
    assert "this version cannot read the item, which is shown as it is" in ended.stderr


@pytest.mark.parametrize(("closed", "shows"), [("<&-", True), ("2>&-", True), (">&-", False), ("<&- >&- 2>&-", False)])
def test_streams_that_are_closed_are_no_reason_to_fail(terminal: AuditTerminal, closed: str, *, shows: bool) -> None:
    terminal.keep(a_record())
    ended = subprocess.run(  # noqa: S602 - our own command
        f"'{COPYTRAIL}' audit get {a_record().log_id} {closed}",
        shell=True,
        env=terminal.variables({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (a_record().log_id in ended.stdout) is shows


def test_a_full_disk_is_one_line(terminal: AuditTerminal) -> None:
    terminal.keep(a_record())
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        ended = subprocess.run(  # noqa: S603 - our own command
            [COPYTRAIL, "audit", "get", a_record().log_id],
            env=terminal.variables({}),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, "Error: [Errno 28] No space left on device\n")


def test_ctrl_c_ends_the_command_quietly(terminal: AuditTerminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        variables = terminal.variables({"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        with subprocess.Popen(  # noqa: S603 - our own command
            [COPYTRAIL, *LIST], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as command:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                os.kill(command.pid, signal.SIGINT)
                assert command.communicate() == (b"", b"")
    assert command.returncode == 130
