"""`copytrail dlq replay` and `drop` beside the deployed system: what goes, what stays, and who is told."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared import times
from shared.audit_log.operation_record import OperationRecord
from shared.events import CopyRequest, Outcome, Trigger, Upload
from shared.lambda_runtime.message import REPLAYED_BY
from shared.operations import OperationKind, Stage
from tests.fakes.bodies import copy_requested
from tests.fakes.outcomes import a_record, an_upload, body, copied
from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept, s3_error
from tests.operator.conftest import Desk
from tests.operator.dead_letters import (
    AS_OPERATOR,
    depth,
    is_operators,
    keys_in,
    let_visibility_timeouts_pass,
    put_failed,
    put_letter,
    with_reason,
    without_waiting,
)

See = Callable[[InterceptedRequest], Reply | None]
CALLER = "arn:aws:sts::123456789012:user/moto"
TOUCHING = {"SendMessageBatch", "DeleteMessageBatch", "SendMessage", "DeleteMessage", "PutEvents", "PutItem"}


@dataclass
class Ran:
    """A command that has ended: its exit code, what it printed and told, and what it asked AWS for."""

    code: int = 0
    printed: str = ""
    told: str = ""
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> list[list[str]]:
        """The values of each line that it printed."""
        return [line.split("\t") for line in self.printed.splitlines()]

    @property
    def results(self) -> dict[str, str]:
        """The result of each letter, by the end of its key, or its id where it has none."""
        return {(row[3] if len(row) > 3 else row[1]).rpartition("/")[2] or row[1]: row[0] for row in self.rows}


def run(desk: Desk, arguments: str, *, see: See | None = None) -> Ran:
    """Run `copytrail dlq` with these arguments; `see` is shown its requests."""
    ran = Ran()

    def watch(request: InterceptedRequest) -> Reply | None:
        if not is_operators(request):
            return None
        ran.asked[request.operation] += 1
        if request.operation == "ReceiveMessage":
            without_waiting(request)
        return see(request) if see else None

    with intercept(desk.aws, watch):
        ended = desk.run("dlq", *shlex.split(arguments), **AS_OPERATOR)
    ran.code, ran.printed, ran.told = ended.returncode, ended.stdout, ended.stderr
    return ran


def last_operation(desk: Desk) -> list[OperationRecord]:
    """What is on record of the newest operation: its end and its beginning."""
    desk.skip_delays_until_quiet()
    records = list(desk.query.operations(times.now() - timedelta(hours=1), times.now() + timedelta(minutes=1)))
    return [record for record in records if record.operation_id == records[0].operation_id]


@pytest.fixture
def quiet(desk: Desk) -> Iterator[Desk]:
    """A desk whose copier leaves what is replayed in the copy queue."""
    desk.copier.pause()
    yield desk
    let_visibility_timeouts_pass(desk)
    desk.take_all("CopyQueueUrl")


def refusing(*keys: str) -> See:
    """S3 lets nobody copy these."""

    def refuse(request: InterceptedRequest) -> Reply | None:
        is_meant = request.operation == "CopyObject" and request.key in keys
        return s3_error("InvalidRequest", "Not this one", 400) if is_meant else None

    return refuse


def test_what_failed_is_copied_once_its_cause_is_mended_and_all_of_it_is_on_record(desk: Desk) -> None:
    with intercept(desk.aws, refusing("in/failed.csv")):
        desk.upload("in/failed.csv", b"the bytes")
        desk.wait_until_quiet()
    ran = run(desk, "replay --key-prefix in/ --yes")
    assert (ran.code, ran.results) == (0, {"failed.csv": "Replayed"})
    desk.wait_until_quiet()
    assert desk.copy_of("in/failed.csv") == b"the bytes"
    failed, replayed = sorted(desk.records("in/failed.csv"), key=lambda record: record.finished_at)
    assert (failed.outcome, failed.trigger) == (Outcome.FAILED, Trigger.UPLOAD)
    assert (replayed.outcome, replayed.trigger, replayed.requested_by) == (Outcome.COPIED, Trigger.REPLAY, CALLER)
    ended, began = last_operation(desk)
    assert (began.operation, began.stage, began.performed_by) == (OperationKind.REPLAY, Stage.STARTED, CALLER)
    assert (ended.stage, ended.subject, ended.filters) == (Stage.COMPLETED, "copy DLQ", {"key-prefix": "in/"})
    assert ended.counts == {"replayed": 1}
    assert f"1 letter replayed, as operation {ended.operation_id}\n" in ran.told
    assert not depth(desk)


def test_who_waits_is_told_what_became_of_each(desk: Desk) -> None:
    desk.copier.pause()
    for key in ("good", "bad"):
        put_failed(desk, key)
    desk.copier.resume()
    refuse = refusing("bad")

    with intercept(desk.aws, refuse):
        ran = run(desk, "replay --yes --wait --json")

    told = [json.loads(line) for line in ran.printed.splitlines()]
    outcomes = {line["ObjectKey"]: line["Outcome"] for line in told if line["Result"] == "Recorded"}
    assert outcomes == {"good": "Copied", "bad": "Failed"}
    assert f"failed again: s3://{desk.source}/bad: " in ran.told
    assert ran.told.endswith("Error: 1 letter failed again: `copytrail dlq ls`\n")
    assert ran.code == 1
    desk.wait_until_quiet()
    desk.letters()
    desk.copier.pause()
    put_failed(desk, "good")
    desk.copier.resume()
    ran = run(desk, "replay --yes --wait")
    assert (ran.code, "of what was replayed: 1 copied" in ran.told) == (0, True)


def test_a_dry_run_shows_exactly_what_would_go_and_touches_nothing(quiet: Desk) -> None:
    ids = {key: put_failed(quiet, key) for key in ("in/a", "in/b", "other")}
    put_letter(quiet, "hello")
    ran = run(quiet, "replay --key-glob 'in/*' --dry-run")
    url = f"s3://{quiet.source}/in"
    assert ran.rows == [
        ["Selected", ids["in/a"], "AccessDenied", f"{url}/a"],
        ["Selected", ids["in/b"], "AccessDenied", f"{url}/b"],
    ]
    assert ran.code == 0
    assert not ran.asked.keys() & TOUCHING
    assert (depth(quiet).visible, depth(quiet).in_flight) == (4, 0)
    assert "2 letters of the copy DLQ would go to the copy queue: 2 AccessDenied\n" in ran.told


def test_with_nobody_to_ask_nothing_is_touched(quiet: Desk) -> None:
    put_failed(quiet, "a")
    ran = run(quiet, "replay")
    assert (ran.code, ran.printed) == (2, "")
    assert ran.told.endswith("Error: there is nobody to ask: add --yes (the question is: Replay 1 letter?)\n")
    assert not ran.asked.keys() & TOUCHING
    assert depth(quiet).visible == 1


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        ("--key-prefix in/", ["in/a", "in/b"]),
        ("--key-glob '*/?' --reason archived --since 1h", ["in/b"]),
    ],
)
def test_only_what_the_filters_let_through_is_replayed(quiet: Desk, options: str, gone: list[str]) -> None:
    for key, reason in {"in/a": "AccessDenied", "in/b": "Archived", "other": "AccessDenied"}.items():
        put_failed(quiet, key, reason)
    ran = run(quiet, f"replay {options} --yes")
    assert ran.code == 0
    assert keys_in(quiet, "CopyQueueUrl") == gone
    assert keys_in(quiet, "CopyDlqUrl") == sorted({"in/a", "in/b", "other"} - set(gone))


def test_filters_that_match_nothing_say_so_and_touch_nothing(quiet: Desk) -> None:
    put_failed(quiet, "a")
    ran = run(quiet, "replay --key-prefix nowhere/ --yes")
    assert (ran.code, ran.printed, ran.told) == (0, "", "no letter of the copy DLQ matches --key-prefix nowhere/\n")
    assert not ran.asked.keys() & TOUCHING


def test_what_was_superseded_or_deleted_since_is_named_and_left_out(quiet: Desk) -> None:
    for key in ("wanted", "overwritten", "deleted"):
        put_failed(quiet, key)
    quiet.upload("overwritten", b"newer")
    quiet.s3.delete_object(Bucket=quiet.source, Key="deleted")
    quiet.take_all("CopyQueueUrl")
    ran = run(quiet, "replay --yes")
    assert ran.results == {"wanted": "Replayed", "overwritten": "Superseded", "deleted": "SourceDeleted"}
    assert "left out: 1 superseded since, 1 deleted at the source since; --include-superseded takes them in" in ran.told
    assert keys_in(quiet, "CopyQueueUrl") == ["wanted"]
    quiet.take_all("CopyQueueUrl")
    assert last_operation(quiet)[0].counts == {"replayed": 1, "superseded": 1, "source_deleted": 1}


def test_what_was_superseded_or_deleted_since_is_taken_in_when_that_is_asked_for(desk: Desk) -> None:
    desk.copier.pause()
    for key in ("overwritten", "deleted"):
        put_failed(desk, key)
    desk.upload("overwritten", b"newer")
    desk.s3.delete_object(Bucket=desk.source, Key="deleted")
    desk.take_all("CopyQueueUrl")
    desk.copier.resume()
    ran = run(desk, "replay --include-superseded --yes")
    assert ran.results == {"overwritten": "Replayed", "deleted": "Replayed"}
    desk.wait_until_quiet()
    assert [record.reason for record in desk.records("overwritten")] == ["Superseded"]
    assert [record.reason for record in desk.records("deleted")] == ["SourceDeleted"]
    assert last_operation(desk)[0].filters == {"include-superseded": "yes"}


def test_what_cannot_be_checked_stays_in_and_that_is_said(quiet: Desk) -> None:
    put_failed(quiet, "a")

    def refuse(request: InterceptedRequest) -> Reply | None:
        return Reply(403) if request.operation == "HeadObject" else None

    ran = run(quiet, "replay --yes", see=refuse)
    assert ran.results == {"a": "Replayed"}
    assert "the source could not be checked (s3:GetObject on" in ran.told
    assert "AccessDenied" in ran.told


def test_a_letter_that_is_not_ours_goes_only_by_its_id_and_as_it_was(quiet: Desk) -> None:
    message_id = put_letter(quiet, "hello", {"Colour": "blue"})
    ran = run(quiet, "replay --yes")
    assert (ran.code, ran.printed) == (0, "")
    assert "left out as not ours: 1 letter; `--id` takes one all the same" in ran.told
    assert depth(quiet).visible == 1
    ran = run(quiet, f"replay --yes --id {message_id[:8]}")
    assert ran.results == {message_id: "Replayed"}
    [sent] = quiet.take_all("CopyQueueUrl")
    assert sent["Body"] == "hello"
    assert sent["MessageAttributes"] == {"Colour": {"StringValue": "blue", "DataType": "String"}}


def test_a_replayed_letter_keeps_its_attributes_and_says_who_replayed_it(quiet: Desk) -> None:
    attributes = with_reason("Archived")
    upload = Upload(bucket=quiet.source, key="a", etag="0a1b", size=1, uploaded_at=times.now())
    put_letter(quiet, copy_requested(CopyRequest(upload=upload, trigger=Trigger.BACKFILL, request_id="r")), attributes)
    run(quiet, "replay --include-superseded --yes")
    [sent] = quiet.take_all("CopyQueueUrl")
    told = {name: value["StringValue"] for name, value in sent["MessageAttributes"].items()}
    operation = last_operation(quiet)[0].operation_id
    assert told == attributes | {REPLAYED_BY: CALLER, "ReplayOperation": operation}


def test_letters_of_the_audit_queue_become_records(desk: Desk) -> None:
    record = a_record(copied(an_upload(bucket=desk.source, key="late.csv", uploaded_at=times.now())))
    completion = copied(an_upload(bucket=desk.source, key="late.csv", uploaded_at=record.uploaded_at))
    put_letter(desk, body(completion), with_reason("LogIdConflict"), queue="AuditDlqUrl")
    ran = run(desk, "replay --queue audit --reason LogIdConflict --yes")
    assert ran.results == {"late.csv": "Replayed"}
    assert not ran.asked["HeadObject"]
    desk.wait_until_quiet()
    assert [found.log_id for found in desk.records("late.csv")] == [record.log_id]
    assert last_operation(desk)[0].subject == "audit DLQ"


def test_a_letter_that_is_refused_stays_and_is_named(quiet: Desk) -> None:
    for key in ("a", "b", "c"):
        put_failed(quiet, key)

    def refuse_b(request: InterceptedRequest) -> Reply | None:
        if request.operation != "SendMessageBatch":
            return None
        entries = request.json()["Entries"]
        taken = [entry for entry in entries if json.loads(entry["MessageBody"])["detail"]["object"]["key"] != "b"]
        request.body = json.dumps(request.json() | {"Entries": taken}).encode()
        answered = json.loads(request.forward().body) if taken else {"Successful": []}
        left = {entry["Id"] for entry in entries} - {entry["Id"] for entry in taken}
        answered["Failed"] = [
            {"Id": place, "SenderFault": True, "Code": "InvalidMessageContents", "Message": "no"} for place in left
        ]
        return Reply(200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answered).encode())

    ran = run(quiet, "replay --yes", see=refuse_b)
    assert ran.results == {"a": "Replayed", "b": "Refused", "c": "Replayed"}
    assert f"refused: s3://{quiet.source}/b: InvalidMessageContents: no\n" in ran.told
    assert ran.told.endswith("Error: 1 letter of the copy DLQ could not be replayed\n")
    assert ran.code == 1
    assert (keys_in(quiet, "CopyQueueUrl"), keys_in(quiet, "CopyDlqUrl")) == (["a", "c"], ["b"])
    quiet.take_all("CopyQueueUrl")
    assert last_operation(quiet)[0].counts == {"replayed": 2, "refused": 1}


def test_credentials_that_expire_in_the_middle_lose_nothing_and_the_same_command_goes_on(quiet: Desk) -> None:
    keys = ["a", "b", "c"]
    for key in keys:
        put_failed(quiet, key)
    expired: list[str] = []

    def expire(request: InterceptedRequest) -> Reply | None:
        if request.operation == "ReceiveMessage":
            without_waiting(request, most_messages=1)
        if expired:
            return aws_json_error("ExpiredToken", "The security token included in the request is expired")
        if request.operation == "DeleteMessageBatch":
            expired.append("from now on")
        return None

    ran = run(quiet, "replay --yes --rate 1000", see=expire)
    assert ran.code == 2
    lines = ran.told.splitlines()
    assert lines[-1].startswith("Error: the AWS credentials have expired: run `aws sso login`")
    assert any(line.startswith("stopped: ") and line.endswith("; the same command goes on") for line in lines)
    let_visibility_timeouts_pass(quiet)
    assert set(keys_in(quiet, "CopyQueueUrl") + keys_in(quiet, "CopyDlqUrl")) == set(keys)
    run(quiet, "replay --yes")
    assert set(keys_in(quiet, "CopyQueueUrl")) == set(keys)
    assert not depth(quiet)


def test_what_others_do_between_preview_and_replay_is_respected(quiet: Desk) -> None:
    ids = {key: put_failed(quiet, key) for key in ("taken", "stays")}

    def interfere(request: InterceptedRequest) -> Reply | None:
        if request.operation == "PutEvents" and keys_in(quiet, "CopyDlqUrl") == ["stays", "taken"]:
            for letter in quiet.take_all("CopyDlqUrl"):
                if letter["MessageId"] == ids["stays"]:
                    quiet.sqs.send_message(QueueUrl=quiet.outputs["CopyDlqUrl"], MessageBody=letter["Body"])
        return None

    ran = run(quiet, "replay --yes --json", see=interfere)
    told = [json.loads(line) for line in ran.printed.splitlines()]
    assert {(letter["Result"], letter["MessageId"]) for letter in told} == {
        ("NotSeen", message_id) for message_id in ids.values()
    }
    assert ran.code == 4
    assert "2 letters did not come again, taken by somebody else or in flight: " in ran.told
    # What came after the preview was not shown, and is not touched.
    assert keys_in(quiet, "CopyDlqUrl") == ["stays"]
    assert keys_in(quiet, "CopyQueueUrl") == []
    assert last_operation(quiet)[0].counts == {"not_seen": 2}


def test_a_replay_that_cannot_be_put_on_record_touches_nothing(quiet: Desk) -> None:
    put_failed(quiet, "a")

    def refuse(request: InterceptedRequest) -> Reply | None:
        return aws_json_error("AccessDeniedException", "no") if request.operation == "PutEvents" else None

    ran = run(quiet, "replay --yes", see=refuse)
    assert ran.code == 1
    assert ran.told.splitlines()[-1].startswith("Error: AccessDenied: events:PutEvents on copytrail-transfers")
    assert not ran.asked.keys() & (TOUCHING - {"PutEvents"})
    assert depth(quiet).visible == 1


def test_as_json_each_letter_is_one_object_with_its_result(quiet: Desk) -> None:
    message_id = put_failed(quiet, "evil\x1b[31m\n\u202egpj")
    ran = run(quiet, "replay --yes --json")
    [line] = ran.printed.splitlines()
    told = json.loads(line)
    assert (told["Result"], told["MessageId"]) == ("Replayed", message_id)
    assert told["ObjectKey"] == "evil\x1b[31m\n\u202egpj"
    assert line.isprintable()


def test_on_a_terminal_the_first_ten_are_shown_and_how_many_there_are(quiet: Desk) -> None:
    for number in range(12):
        put_failed(quiet, f"in/{number:02}\x1b[31m")
    shown = quiet.show("dlq", "replay", "--yes", width=80)
    assert shown.count("\\x1b[31m") == 10
    assert "these are the first; --dry-run shows all 12" in shown
    [operation_id] = re.findall("12 letters replayed, as operation (\\S+)", shown)
    assert f"what becomes of them: copytrail audit list --operation {operation_id}" in " ".join(shown.split())


def test_a_dropped_letter_is_safe_in_a_file_before_it_is_deleted_and_can_be_put_back(quiet: Desk) -> None:
    for key in ("in/a", "in/b", "other"):
        put_failed(quiet, key)
    path = quiet.terminal.home / "dropped.jsonl"
    safe: list[set[str]] = []

    def watch(request: InterceptedRequest) -> Reply | None:
        if request.operation == "DeleteMessageBatch":
            safe.append({key_of(line["Body"]) for line in lines_of(path)})
        return None

    ran = run(quiet, "drop --key-prefix in/ --to dropped.jsonl --yes", see=watch)
    assert (ran.code, ran.results) == (0, {"a": "Dropped", "b": "Dropped"})
    assert safe == [{"in/a", "in/b"}]
    assert "the letters are in dropped.jsonl: `copytrail dlq import dropped.jsonl` puts them back\n" in ran.told
    assert keys_in(quiet, "CopyDlqUrl") == ["other"]
    ended = last_operation(quiet)[0]
    assert (ended.operation, ended.counts) == (OperationKind.DROP, {"dropped": 2})
    assert ended.filters == {"key-prefix": "in/", "to": "dropped.jsonl"}
    assert run(quiet, "import dropped.jsonl --yes").code == 0
    assert keys_in(quiet, "CopyDlqUrl") == ["in/a", "in/b", "other"]


def test_a_file_that_is_there_is_never_written_over(quiet: Desk) -> None:
    put_failed(quiet, "a")
    path = quiet.terminal.home / "kept.jsonl"
    path.write_text("mine")
    ran = run(quiet, "drop --all --to kept.jsonl --yes")
    assert (ran.code, ran.told) == (2, "Error: kept.jsonl exists already, and is left as it is: name another file\n")
    assert path.read_text() == "mine"
    assert depth(quiet).visible == 1


def test_to_drop_every_letter_takes_saying_so(quiet: Desk) -> None:
    put_failed(quiet, "a")
    ran = run(quiet, "drop --yes")
    assert (ran.code, ran.told) == (
        2,
        "Error: this would drop every letter: name some with a filter, or say --all\n",
    )
    ran = run(quiet, "drop --all --dry-run")
    assert ran.results == {"a": "Selected"}
    assert depth(quiet).visible == 1
    assert list(quiet.terminal.home.glob("dropped-letters-*")) == []
    ran = run(quiet, "drop --all --yes")
    assert ran.code == 0
    [path] = quiet.terminal.home.glob("dropped-letters-*.jsonl")
    assert [key_of(line["Body"]) for line in lines_of(path)] == ["a"]
    assert not depth(quiet)


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def key_of(event: str) -> str:
    return str(json.loads(event)["detail"]["object"]["key"])
