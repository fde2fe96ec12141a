"""What became of what was replayed."""

import json
from dataclasses import dataclass, field

import pytest
from msgspec import structs

from ops.dlq.letter import Letter
from ops.dlq.replay import ReplayOutcomes, wait_for
from ops.dlq.results import Lines
from ops.errors import CommandError
from shared import times
from shared.audit_log.record import Record
from shared.errors import CopytrailError, TransientError
from tests.fakes.bodies import object_created
from tests.fakes.clock import FakeClock
from tests.fakes.letters import a_letter
from tests.fakes.outcomes import a_record, an_upload, body, copied, failed, skipped

MESSAGE_ID = "11111111-1111-4111-8111-111111111111"


@dataclass
class FakeTable:
    """An audit table: `records` by LogID, `later` those that come between the next reads, one at a time."""

    clock: FakeClock = field(default_factory=FakeClock)
    records: dict[str, Record] = field(default_factory=dict)
    later: list[tuple[str, Record]] = field(default_factory=list)
    fails: bool = False

    def get(self, log_id: str) -> Record | None:
        """The record."""
        if self.fails:
            raise TransientError("InternalServerError", "no")
        return self.records.get(log_id)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and a record come."""
        self.clock.sleep(seconds)
        if self.later:
            log_id, record = self.later.pop(0)
            self.records[log_id] = record

    def wait(self, *letters: Letter) -> ReplayOutcomes:
        """Wait for these letters, replayed as message `MESSAGE_ID`."""
        outcomes = ReplayOutcomes()
        outcomes.expect((letter, MESSAGE_ID) for letter in letters)
        wait_for(
            outcomes,
            self.get,
            Lines(as_json=True),
            lambda _: None,
            clock=lambda: self.clock().timestamp(),
            sleep=self.sleep,
        )
        return outcomes


@pytest.fixture
def table() -> FakeTable:
    return FakeTable()


def asking(key: str) -> Letter:
    return a_letter(body=object_created(an_upload(key=key)))


def log_ids(letter: Letter) -> tuple[str, str]:
    return str(letter.copy_log_id()), str(letter.copy_log_id(failed_message_id=MESSAGE_ID))


def test_each_letter_is_waited_for_until_it_has_a_record(table: FakeTable, capsys: pytest.CaptureFixture[str]) -> None:
    letters = [asking("a"), asking("b")]
    table.later = [(log_ids(letters[1])[0], a_record(skipped())), (log_ids(letters[0])[0], a_record(copied()))]

    waited = table.wait(*letters)

    waited.check()
    waited.tell()
    printed = capsys.readouterr()
    assert printed.err == "of what was replayed: 1 skipped, 1 copied\n"
    assert [json.loads(line)["Outcome"] for line in printed.out.splitlines()] == ["Skipped", "Copied"]


def test_a_failure_of_the_new_message_ends_the_waiting_and_is_named(
    table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    letter = asking("a")
    table.records[log_ids(letter)[1]] = a_record(failed())

    waited = table.wait(letter)

    waited.tell()
    assert "failed again: s3://in/report.csv: " in capsys.readouterr().err
    with pytest.raises(CommandError, match="1 letter failed again") as raised:
        waited.check()
    assert raised.value.exit_code == 1


def test_without_news_the_waiting_ends_and_what_has_no_record_is_counted(table: FakeTable) -> None:
    copied_at_last, never = asking("a"), asking("b")
    table.later = [("another", a_record(copied()))] * 300 + [(log_ids(copied_at_last)[0], a_record(copied()))]

    waited = table.wait(copied_at_last, never)

    # The first 600 s without news do not end it, and 1,200 more do.
    assert 1_800 <= (table.clock() - FakeClock()()).total_seconds() < 1_900
    assert (waited.outcomes, len(waited.pending)) == ({"copied": 1}, 1)
    with pytest.raises(CommandError, match="1 letter left no record yet"):
        waited.check()


def test_when_the_table_does_not_answer_what_is_known_is_told(
    table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    table.fails = True
    with pytest.raises(CopytrailError):
        table.wait(asking("a"), asking("b"))
    assert capsys.readouterr().err.endswith("of what was replayed: 2 without a record yet\n")


def test_a_letter_of_the_audit_queue_is_recorded_when_the_record_is_its_own(table: FakeTable) -> None:
    completion = copied()
    letter = a_letter(body=body(completion))
    own = Record.of(completion, times.now())
    table.records[completion.log_id] = structs.replace(own, source_etag="another")
    assert len(table.wait(letter).pending) == 1
    table.records[completion.log_id] = own
    assert table.wait(letter).outcomes == {"recorded": 1}


def test_what_leaves_no_record_is_not_waited_for_and_that_is_said(
    table: FakeTable, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = a_letter(body=body(structs.replace(copied(), log_id="none")))
    waited = table.wait(a_letter({}, body="hello"), odd)
    assert (waited.pending, waited.outcomes) == ([], {})
    waited.tell()
    assert capsys.readouterr().err == "of what was replayed: 2 that leave none\n"
    with pytest.raises(CommandError, match="2 letters cannot be followed"):
        waited.check()
