"""`copytrail status` beside the deployed system: whether all is well, and what is not."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from moto.sqs.models import sqs_backends

from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept
from tests.operator.conftest import Desk
from tests.terminal import COPYTRAIL, Running

Stoppable = TypeVar("Stoppable", Running, "subprocess.Popen[bytes]")

# Tells what the command asks for from what the functions do.
OPERATOR = {"AWS_ACCESS_KEY_ID": "operator"}
EMPTY: dict[str, Any] = {
    "Waiting": 0,
    "InFlight": 0,
    "Delayed": 0,
    "DeadLetters": 0,
    "DeadLettersByReason": {},
}


def fail(desk: Desk, *keys: str) -> None:
    """Upload what cannot be copied."""
    for key in keys:
        desk.upload(key, StorageClass="GLACIER")
    desk.wait_until_quiet()


def status(desk: Desk, *options: str) -> tuple[int, Any]:
    ended = desk.run("status", "--json", *options, **OPERATOR)
    assert ended.stderr == ""
    return ended.returncode, json.loads(ended.stdout)


def depth(desk: Desk, queue: str) -> tuple[int, int]:
    """How many messages wait in a queue, and how many are in flight."""
    found = desk.sqs.get_queue_attributes(QueueUrl=desk.outputs[queue], AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def test_all_is_well_with_nothing_waiting_and_no_dead_letters(desk: Desk) -> None:
    desk.upload("fine.txt")
    desk.wait_until_quiet()
    ended = desk.run("status")
    assert (ended.returncode, ended.stderr) == (0, "")
    title, _, header, copy, audit, _, newest, failures, _, verdict = ended.stdout.splitlines()
    assert title.startswith("Stack copytrail in us-east-1, ")
    assert header.split() == ["Queue", "Waiting", "In", "flight", "Delayed", "Oldest", "Dead", "letters"]
    assert (copy.split(), audit.split()) == (["copy", "0", "0", "0", "-", "0"], ["audit", "0", "0", "0", "-", "0"])
    assert newest.startswith("Last transfer ")
    assert newest.endswith(f"Copied: s3://{desk.source}/fine.txt")
    assert failures.split() == ["Failed", "in", "the", "last", "hour", "none"]
    assert verdict == "Healthy: there are no dead letters, and nothing is waiting"


def test_dead_letters_are_counted_by_reason_and_are_not_healthy(desk: Desk) -> None:
    fail(desk, "1.tar", "2.tar")
    desk.send("nonsense")
    desk.wait_until_quiet()
    ended = desk.run("status")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.splitlines()[-1] == (
        "Not healthy: 3 dead letters in the copy DLQ (Archived 2, MalformedEvent 1): `copytrail dlq ls`"
    )


def test_a_failure_whose_letter_is_gone_was_seen_to(desk: Desk) -> None:
    fail(desk, "seen-to.tar")
    desk.letters("CopyDlqUrl")
    exit_code, found = status(desk)
    assert (exit_code, found["Health"]) == (0, "Healthy")
    assert found["LastHour"]["FailedByReason"]["Archived"] >= 1


def test_a_dead_letter_of_the_audit_queue_is_not_healthy_either(desk: Desk) -> None:
    desk.send("nonsense", queue="AuditQueueUrl")
    desk.wait_until_quiet()
    exit_code, found = status(desk)
    assert exit_code == 1
    assert found["Queues"]["copy"] == EMPTY
    assert found["Queues"]["audit"] == EMPTY | {"DeadLetters": 1, "DeadLettersByReason": {"MalformedEvent": 1}}
    assert found["Message"].endswith("`copytrail dlq ls --queue audit`")


def test_a_snapshot_receives_from_no_queue_and_leaves_each_dead_letter_where_it_was(desk: Desk) -> None:
    fail(desk, "read.tar")
    received: list[str] = []

    def watch(request: InterceptedRequest) -> None:
        if request.operation == "ReceiveMessage" and is_operators(request):
            received.append(request.json()["QueueUrl"])

    with intercept(desk.aws, watch):
        for _ in range(2):
            desk.run("status", **OPERATOR)
    assert set(received) == {desk.outputs["CopyDlqUrl"]}
    assert depth(desk, "CopyDlqUrl") == (1, 0)


def test_letters_that_another_command_holds_are_counted_and_left_alone(desk: Desk) -> None:
    fail(desk, "1.tar", "2.tar")
    desk.sqs.receive_message(QueueUrl=desk.outputs["CopyDlqUrl"], MaxNumberOfMessages=1, VisibilityTimeout=60)
    assert depth(desk, "CopyDlqUrl") == (1, 1)
    ended = desk.run("status")
    assert ended.stdout.splitlines()[-1] == (
        "Not healthy: 2 dead letters in the copy DLQ (another command is reading or replaying them): `copytrail dlq ls`"
    )
    assert depth(desk, "CopyDlqUrl") == (1, 1)
    queue = sqs_backends["123456789012"]["us-east-1"].queues[desk.outputs["CopyDlqUrl"].rpartition("/")[2]]
    for message in queue._messages:  # noqa: SLF001 - those in flight too
        message.visible_at = 0.0


def test_a_queue_whose_oldest_message_waits_too_long_is_behind(desk: Desk) -> None:
    desk.copier.pause()
    desk.upload("waits.txt")
    queue = sqs_backends["123456789012"]["us-east-1"].queues[desk.outputs["CopyQueueUrl"].rpartition("/")[2]]
    message: Any = queue._messages[0]  # noqa: SLF001 - there is no other way to age one
    message.sent_timestamp -= 17 * 60 * 1000

    exit_code, found = status(desk)
    assert exit_code == 1
    assert found["Queues"]["copy"]["Waiting"] == 1
    assert found["Queues"]["copy"]["OldestAgeSeconds"] == pytest.approx(17 * 60, abs=60)
    log_group = desk.outputs["CopierLogGroupName"]
    assert found["Message"] == f"the copy queue is 17 min behind: `aws logs tail {log_group}` shows why"

    exit_code, found = status(desk, "--behind", "1h")
    assert (exit_code, found["Message"]) == (0, "there are no dead letters, and 1 message is on the way")


@pytest.mark.parametrize(
    ("service", "unavailable"),
    [
        ("cloudwatch", [("copy", "OldestAgeSeconds"), ("audit", "OldestAgeSeconds")]),
        ("dynamodb", []),
    ],
)
def test_what_may_not_be_read_is_a_question_mark_and_hides_nothing_else(
    desk: Desk, service: str, unavailable: list[tuple[str, str]]
) -> None:
    with intercept(desk.aws, refusing(service, "AccessDeniedException")):
        exit_code, found = status(desk)
        shown = desk.run("status", **OPERATOR).stdout
    assert (exit_code, found["Health"]) == (1, "Unclear")
    assert not any(field in found["Queues"][queue] for queue, field in unavailable)
    assert ("LastHour" not in found) == (service == "dynamodb")
    assert found["Queues"]["copy"]["Waiting"] == 0
    assert all(f": AccessDenied: {service}:" in why for why in found["NotRead"])
    why = "; ".join(found["NotRead"])
    assert shown.splitlines()[-1] == f"Unclear: nothing is known to be wrong, but {why}"


def test_a_person_sees_that_it_reads_and_a_pipe_does_not(desk: Desk) -> None:
    assert f"Reading stack {desk.aws.stack_name}" in desk.show("status")
    assert desk.run("status").stderr == ""


def test_credentials_that_have_expired_end_it_with_one_line(desk: Desk) -> None:
    with intercept(desk.aws, refusing("sqs", "ExpiredTokenException")):
        ended = desk.run("status", "--watch", **OPERATOR)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: the AWS credentials have expired")
    assert ended.stderr.count("\n") == 1


def test_watching_into_a_pipe_is_a_line_for_each_snapshot_and_ends_with_the_last_ones_exit_code(desk: Desk) -> None:
    with stopped(desk.popen("status", "--watch", "--every", "1s")) as watching:
        assert " Healthy: " in watching.stdout.readline()
        desk.send("nonsense")
        desk.wait_until_quiet()
        following = iter(watching.stdout.readline, "")
        assert any(" Not healthy: 1 dead letter in the copy DLQ" in line for line in following)
        watching.send_signal(signal.SIGINT)
        assert watching.wait() == 1
        assert watching.stderr.read() == ""


def test_watching_on_a_terminal_draws_each_snapshot_in_the_place_of_the_last(desk: Desk) -> None:
    ours, theirs = pty.openpty()
    variables = desk.terminal.variables({"TERM": "xterm"})
    command = [str(COPYTRAIL), "status", "--watch", "--every", "1s"]
    watching = subprocess.Popen(command, env=variables, cwd=desk.terminal.home, stdout=theirs, stderr=theirs)  # noqa: S603 - our own command
    os.close(theirs)
    with stopped(watching):
        shown = b""
        while shown.count(b"Healthy") < 2:
            shown += os.read(ours, 65536)
        watching.send_signal(signal.SIGINT)
        assert watching.wait() == 0
    os.close(ours)
    up_and_erased = b"\x1b[1A\x1b[2K"
    assert up_and_erased in shown[shown.index(b"Healthy") : shown.rindex(b"Healthy")]


def refusing(service: str, code: str) -> Any:
    """Refuse what the operator asks of one service."""

    def answer(request: InterceptedRequest) -> Reply | None:
        return aws_json_error(code, "no") if request.service == service and is_operators(request) else None

    return answer


def is_operators(request: InterceptedRequest) -> bool:
    return "Credential=operator/" in request.headers.get("authorization", "")


@contextmanager
def stopped(process: Stoppable) -> Iterator[Stoppable]:
    """The process, which is gone at the end of the block, whatever happens in it."""
    with process:
        try:
            yield process
        finally:
            process.kill()
