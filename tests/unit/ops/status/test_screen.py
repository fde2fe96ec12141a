"""The screen shows what was found, `?` for what could not be read, and does nothing else to a terminal."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from ops.aws.sqs import QueueAttributes
from ops.status.checks import Reasons, RecentTransfers
from ops.status.screen import line, screen, to_json
from ops.status.snapshot import QueueState, Snapshot, Unavailable
from ops.status.verdict import Health, Verdict, assess
from tests.fakes.outcomes import a_record
from tests.unit.ops.status.examples import recent

AT = datetime(2026, 11, 23, 10, 0, 3, tzinfo=UTC)
NEWEST = structs.replace(a_record(), finished_at=AT - timedelta(seconds=12))
NOT_HEALTHY = Verdict(Health.NOT_HEALTHY, "3 dead letters")
REFUSED = Unavailable("AccessDenied: cloudwatch:GetMetricData on AWS/SQS: no")


def snapshot(**changes: object) -> Snapshot:
    copy = QueueState(
        "copy",
        "/aws/lambda/copy",
        QueueAttributes(1200, 10, 2),
        720.0,
        QueueAttributes(3, 0, 0),
        Reasons({"AccessDenied": 2, "Archived": 1}),
    )
    audit = QueueState(
        "audit", "/aws/lambda/audit", QueueAttributes(0, 0, 0), None, QueueAttributes(0, 0, 0), Reasons({})
    )
    whole = Snapshot(AT, (copy, audit), recent(NEWEST, {"AccessDenied": 2}, 40, at_least=False))
    return replace(whole, **changes)  # type: ignore[arg-type]  # its own fields


def shown(found: Snapshot, verdict: Verdict = NOT_HEALTHY, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False, emoji=False, markup=False)
    console.print(screen("Stack copytrail in us-east-1", found, verdict, width=width))
    return [text.rstrip() for text in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]  # a StringIO


def test_everything_is_on_one_screen() -> None:
    assert shown(snapshot()) == [
        "Stack copytrail in us-east-1, 2026-11-23 10:00:03 UTC",
        "",
        "Queue  Waiting  In flight  Delayed  Oldest  Dead letters",
        "copy     1,200         10        2  12 min  3  AccessDenied 2, Archived 1",
        "audit        0          0        0       -  0",
        "",
        f"Last transfer            12 s ago, Copied: {NEWEST.source_url}",
        "Failed in the last hour  2 of 40: AccessDenied 2",
        "",
        "Not healthy: 3 dead letters",
    ]


def test_what_could_not_be_read_is_a_question_mark_and_says_why() -> None:
    nothing = QueueState("copy", "/aws/lambda/copy", REFUSED, REFUSED, REFUSED, REFUSED)
    letters = QueueState(
        "audit",
        "/aws/lambda/audit",
        QueueAttributes(0, 0, 0),
        None,
        QueueAttributes(2, 0, 0),
        Unavailable("AccessDenied: sqs:ReceiveMessage"),
    )
    text = shown(snapshot(queues=(nothing, letters), transfers=REFUSED), width=200)
    assert text[3].split() == ["copy", "?", "?", "?", "?", "?"]
    assert text[4].split() == ["audit", "0", "0", "0", "-", "2", "?"]
    assert text[6:8] == ["Last transfer            ?", "Failed in the last hour  ?"]
    assert text[-2:] == [
        (
            "? could not read the copy queue, the oldest message of the copy queue, the copy DLQ, the letters of the"
            f" copy DLQ and the audit table: {REFUSED.why}"
        ),
        "? could not read the letters of the audit DLQ: AccessDenied: sqs:ReceiveMessage",
    ]


def test_what_is_unclear_says_why_in_the_verdict_and_says_it_once() -> None:
    found = snapshot(transfers=REFUSED)
    verdict = assess(replace(found, queues=()), behind=timedelta(minutes=15))
    why = f"could not read the audit table: {REFUSED.why}"
    assert shown(found, verdict, 200)[-1] == f"Unclear: nothing is known to be wrong, but {why}"


@pytest.mark.parametrize(
    ("transfers", "last", "failed"),
    [
        (recent(None, {}, 0, at_least=False), "none in the last 7 days", "none"),
        (recent(NEWEST, {}, 2000, at_least=True), None, "none of the newest 2,000 transfers"),
        (recent(NEWEST, {"X": 5}, 2000, at_least=True), None, "at least 5, of the newest 2,000 transfers: X 5"),
    ],
)
def test_a_count_that_did_not_go_to_the_end_says_so(transfers: RecentTransfers, last: str | None, failed: str) -> None:
    text = shown(snapshot(transfers=transfers))
    assert text[7] == f"Failed in the last hour  {failed}"
    if last:
        assert text[6] == f"Last transfer            {last}"


def test_a_key_or_a_reason_cannot_move_the_cursor() -> None:
    nasty = "\x1b[2J\u202e\n[red]"
    record = structs.replace(NEWEST, object_key=nasty)
    copy = QueueState(
        "copy", "/aws/lambda/copy", QueueAttributes(0, 0, 0), None, QueueAttributes(1, 0, 0), Reasons({nasty: 1})
    )
    found = snapshot(queues=(copy,), transfers=recent(record, {nasty: 1}, 1, at_least=False))
    text = shown(found, Verdict(Health.NOT_HEALTHY, nasty))
    assert all(each.isprintable() for each in text)
    assert sum(r"\x1b[2J\u202e\n[red]" in each for each in text) == 4
    assert line(found, Verdict(Health.NOT_HEALTHY, nasty)).isprintable()


@pytest.mark.parametrize("width", [40, 60, 80])
def test_on_a_narrow_terminal_nothing_is_wider_than_it_and_nothing_is_lost(width: int) -> None:
    text = shown(snapshot(), Verdict(Health.NOT_HEALTHY, "many " * 40 + "END"), width=width)
    assert max(map(len, text)) <= width
    assert "END" in text[-1]
    assert "12 s ago" in "\n".join(text)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_key_of_1024_bytes_leaves_the_screen_to_the_rest_and_dead_letters_are_seen(width: int) -> None:
    record = structs.replace(NEWEST, object_key="\N{CJK UNIFIED IDEOGRAPH-65E5}" * 338 + "end.csv")
    text = shown(snapshot(transfers=recent(record, {}, 1, at_least=False)), width=width)
    assert len(text) <= 22
    assert max(map(cell_len, text)) <= width
    assert "end.csv" in "".join(part.strip() for part in text)
    assert re.search("copy .*3  Acc", text[3 if width > 40 else 4])


def test_one_line_is_the_moment_and_the_verdict() -> None:
    assert line(snapshot(), NOT_HEALTHY) == "2026-11-23T10:00:03.000Z Not healthy: 3 dead letters"


def test_json_has_everything_but_what_could_not_be_read() -> None:
    assert to_json(snapshot(), NOT_HEALTHY) == {
        "At": "2026-11-23T10:00:03.000Z",
        "Health": "NotHealthy",
        "Message": "3 dead letters",
        "Queues": {
            "copy": {
                "Waiting": 1200,
                "InFlight": 10,
                "Delayed": 2,
                "OldestAgeSeconds": 720.0,
                "DeadLetters": 3,
                "DeadLettersByReason": {"AccessDenied": 2, "Archived": 1},
            },
            "audit": {
                "Waiting": 0,
                "InFlight": 0,
                "Delayed": 0,
                "DeadLetters": 0,
                "DeadLettersByReason": {},
            },
        },
        "LastTransfer": NEWEST.attributes(),
        "LastHour": {
            "Failed": 2,
            "FailedByReason": {"AccessDenied": 2},
            "Transfers": 40,
            "AtLeast": False,
            "Unreadable": 0,
        },
        "Wrong": [],
        "NotRead": [],
    }
    unavailable = to_json(snapshot(transfers=REFUSED), NOT_HEALTHY)
    assert {"LastTransfer", "LastHour"}.isdisjoint(unavailable)
    assert unavailable["NotRead"] == [f"could not read the audit table: {REFUSED.why}"]
