"""Results: what becomes of letters, and how each is shown with it: JSON, tabs into a pipe, or a table."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from ops.dlq.letter import Letter
from ops.dlq.tables import SHORT_ID, DeadLetterJson, age_s, to_json
from ops.terminal.formats import WIDEST_DURATION, duration_shown
from ops.terminal.json import JsonObject, print_json
from ops.terminal.progress import progress
from ops.terminal.tables import Cell, Column, Table, print_lines, terminal_width
from shared import times
from shared.audit_log.items import AnyRecord


class Result(StrEnum):
    """What becomes of a letter. `Selected`: it would be replayed or dropped; `NotKnown`: so would it, unseen.

    Of one that was replayed, `Recorded`: there is a record of what it came to; `NotYet`: there is none.
    """

    SELECTED = "Selected"
    NOT_KNOWN = "NotKnown"
    SUPERSEDED = "Superseded"
    SOURCE_DELETED = "SourceDeleted"
    REPLAYED = "Replayed"
    DROPPED = "Dropped"
    REFUSED = "Refused"
    NOT_SEEN = "NotSeen"
    RECORDED = "Recorded"
    NOT_YET = "NotYet"

    @property
    def count_name(self) -> str:
        """What an operation's counts call it."""
        return self.name.lower()


_STYLES = {
    Result.NOT_KNOWN: "yellow",
    Result.SUPERSEDED: "yellow",
    Result.SOURCE_DELETED: "yellow",
    Result.REFUSED: "red",
}


class Found(NamedTuple):
    """A letter, what becomes of it, and why nothing was known of its source."""

    letter: Letter
    result: Result
    why: str = ""


class LetterResult(DeadLetterJson, frozen=True, kw_only=True):
    """A dead letter, and what becomes of it."""

    result: Result
    source_message: str | None = None


class UnseenLetter(JsonObject, frozen=True, kw_only=True):
    """A dead letter of which only the id is known."""

    result: Result
    message_id: str


class ReplayOutcome(JsonObject, frozen=True, kw_only=True):
    """What a letter came to that was replayed; `audit get` has all of its record. No outcome: no record yet."""

    result: Result
    log_id: str = msgspec.field(name="LogID")
    outcome: str | None = None
    reason: str | None = None
    message: str | None = None
    source_bucket: str | None = None
    object_key: str | None = None


class Lines:
    """Where letters are shown with what becomes of them."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._now = times.now()
        width = terminal_width()
        self.is_table = width is not None and not as_json
        # A progress bar and lines that come all the time do not go together on one terminal.
        self._has_room_for_bar = width is None or self.is_table

    def bar(self, title: str, *, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """A progress bar, where there is room for one; gives a function to tell of so many more letters."""
        if self._has_room_for_bar:
            return progress(title, total=total, unit="letter")
        return nullcontext(lambda _: None)

    def show(self, found: Iterable[Found]) -> None:
        """Show letters as they come."""
        _table(self._now).print(found, as_json=self._as_json)

    def show_done(self, found: Iterable[Found]) -> None:
        """Tell a program what became of letters; a person has a progress bar."""
        if not self.is_table:
            self.show(found)

    def show_not_seen(self, message_ids: Iterable[str]) -> None:
        """Tell a program of letters of which only the ids are known."""
        for message_id in message_ids:
            self._tell_program(UnseenLetter(result=Result.NOT_SEEN, message_id=message_id), message_id)

    def show_record(self, record: AnyRecord) -> None:
        """Tell a program what a replayed letter came to; a person has a progress bar."""
        told = {name: str(value) for name, value in record.attributes().items()}
        outcome, reason, key = told.get("Outcome"), told.get("Reason"), told.get("ObjectKey")
        line = ReplayOutcome(
            result=Result.RECORDED,
            log_id=record.log_id,
            outcome=outcome,
            reason=reason,
            message=told.get("Message"),
            source_bucket=told.get("SourceBucket"),
            object_key=key,
        )
        self._tell_program(line, record.log_id, outcome or "", reason or "", key or "")

    def show_without_record(self, log_ids: Iterable[str]) -> None:
        """Tell a program of replayed letters that left no record yet."""
        for log_id in log_ids:
            self._tell_program(ReplayOutcome(result=Result.NOT_YET, log_id=log_id), log_id)

    def _tell_program(self, line: UnseenLetter | ReplayOutcome, *values: str) -> None:
        if self._as_json:
            print_json(line.attributes())
        elif not self.is_table:
            print_lines([(line.result, *values)])


def _table(now: datetime) -> Table[Found]:
    return Table(
        Column("Id", lambda one: one.letter.id[:SHORT_ID], SHORT_ID, from_width=60),
        Column(
            "Age",
            lambda one: duration_shown(age_s(one.letter.first_seen, now)),
            WIDEST_DURATION,
            right=True,
            from_width=80,
        ),
        Column("Result", lambda one: Cell(one.result, _STYLES.get(one.result, "")), 13),
        Column("Reason", lambda one: one.letter.cause.reason, 18, least=12),
        Column("Key", lambda one: one.letter.key or one.letter.title or "?", keeps_end=True),
        piped=lambda one: (
            one.result,
            one.letter.id,
            one.letter.cause.reason,
            one.letter.title,
            *([one.why] if one.why else []),
        ),
        json=lambda one: {
            "Result": one.result,
            **({"SourceMessage": one.why} if one.why else {}),
            **to_json(one.letter, now),
        },
    )
