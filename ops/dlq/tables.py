"""Letters as they are shown: a table, lines for a pipe, JSON, one letter whole, and how many for each reason."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import click
import msgspec

from ops.dlq.letter import Letter, ReasonFrom
from ops.terminal.formats import WIDEST_DURATION, cause_first, duration_shown, moment_shown
from ops.terminal.json import JsonObject
from ops.terminal.tables import Cell, Column, Table, print_attributes
from shared import times
from shared.humanize import WIDEST_SIZE, size_shown, visible

# At least so many characters of a letter's id tell it from others; `show` and `--id` take them.
SHORT_ID = 8
# `show`, `--json` and pipes have all of a letter; a terminal, from so many characters a line on, more and more.
_WIDE = 110
_WIDEST = 160
_STYLES = {
    ReasonFrom.COPYTRAIL: "red",
    ReasonFrom.EVENTBRIDGE: "red",
    ReasonFrom.NOBODY: "yellow",
    ReasonFrom.NOT_OURS: "magenta",
}
_NOT_KNOWN = "?"
# What `show` tells below its first lines, or in other words.
_TOLD_BELOW = {"AgeSeconds", "Attributes", "Body"}


class DeadLetterJson(JsonObject, frozen=True, kw_only=True):
    """A dead letter."""

    message_id: str
    log_id: str | None = msgspec.field(default=None, name="LogID")
    reason_from: ReasonFrom
    reason: str
    message: str
    attempts: int | None = None
    first_seen: datetime
    age_seconds: int
    sent_at: datetime
    about: str | None = None
    source_bucket: str | None = None
    object_key: str | None = None
    size: int | None = None
    source_etag: str | None = msgspec.field(default=None, name="SourceETag")
    source_version_id: str | None = None
    uploaded_at: datetime | None = None
    attributes_: Mapping[str, Mapping[str, str]] = msgspec.field(name="Attributes")
    body: str


class LetterReason(JsonObject, frozen=True, kw_only=True):
    """The dead letters of one reason."""

    reason: str
    letters: int
    oldest_first_seen: datetime
    oldest_age_seconds: int
    newest_first_seen: datetime
    example: str


@dataclass
class Reason:
    """The letters of one reason: how many, when the oldest and the newest were first seen, and one of them."""

    name: str
    letters: int
    oldest: datetime
    newest: datetime
    example: Letter

    def take(self, letter: Letter) -> None:
        """One more of them."""
        self.letters += 1
        self.oldest = min(self.oldest, letter.first_seen)
        self.newest = max(self.newest, letter.first_seen)


def to_json(letter: Letter, now: datetime) -> Mapping[str, object]:
    """All there is to a letter, in PascalCase as records have it; what is not known is left out."""
    upload = letter.upload
    return DeadLetterJson(
        message_id=letter.id,
        log_id=letter.log_id,
        **letter.cause._asdict(),
        first_seen=letter.first_seen,
        age_seconds=age_s(letter.first_seen, now),
        sent_at=letter.sent_at,
        about=None if upload else letter.title or None,
        source_bucket=upload.bucket if upload else None,
        object_key=upload.key if upload else None,
        size=upload.size if upload else None,
        source_etag=upload.etag if upload else None,
        source_version_id=upload.version_id if upload else None,
        uploaded_at=upload.uploaded_at if upload else None,
        attributes_=msgspec.to_builtins(letter.attributes),
        body=letter.body,
    ).attributes()


def age_s(first_seen: datetime, now: datetime) -> int:
    """For how many seconds a letter is known of."""
    return max(0, int((now - first_seen).total_seconds()))


def print_letters(letters: Iterable[Letter], now: datetime, *, as_json: bool) -> None:
    """Print letters as they come: a table; into a pipe, all but attributes and body, whole; or JSON."""
    table: Table[Letter] = Table(
        Column("Id", lambda letter: letter.id[:SHORT_ID], SHORT_ID),
        Column("First seen (UTC)", lambda letter: moment_shown(letter.first_seen), 19, from_width=_WIDEST),
        Column(
            "Age",
            lambda letter: duration_shown(age_s(letter.first_seen, now)),
            WIDEST_DURATION,
            right=True,
            from_width=60,
        ),
        Column("Tries", lambda letter: _known(letter.cause.attempts, str), 5, right=True, from_width=_WIDE),
        Column("Size", lambda letter: _known(letter.size, size_shown), WIDEST_SIZE, right=True, from_width=_WIDE),
        Column("Reason", lambda letter: Cell(letter.cause.reason, _STYLES[letter.cause.reason_from]), 18, least=12),
        Column("Bucket", lambda letter: letter.bucket, from_width=_WIDEST, keeps_end=True),
        Column("Key", lambda letter: letter.key or letter.title or _NOT_KNOWN, keeps_end=True),
        Column("Message", lambda letter: cause_first(letter.cause.message, letter.key), from_width=_WIDE),
        piped=lambda letter: (
            letter.id,
            times.to_text(letter.first_seen),
            str(age_s(letter.first_seen, now)),
            "" if letter.cause.attempts is None else str(letter.cause.attempts),
            "" if letter.size is None else str(letter.size),
            letter.cause.reason,
            letter.bucket,
            letter.key,
            letter.cause.message,
        ),
        json=lambda letter: to_json(letter, now),
    )
    table.print(letters, as_json=as_json)


def print_letter(letter: Letter, now: datetime) -> None:
    """Print all of one letter, its attributes and its body."""
    told = {name: value for name, value in to_json(letter, now).items() if name not in _TOLD_BELOW}
    age = duration_shown(age_s(letter.first_seen, now))
    print_attributes(told | {"FirstSeen": f"{told['FirstSeen']}, {age} ago"})
    if letter.attributes:
        click.echo(f"\n{click.style('Attributes', bold=True)}")
        print_attributes({name: letter.text(name) or value["DataType"] for name, value in letter.attributes.items()})
    click.echo(f"\n{click.style('Body', bold=True)}")
    for line in _indented(letter.body).split("\n"):
        click.echo(visible(line))


def summary_of(letters: Iterable[Letter]) -> list[Reason]:
    """The reasons of letters, the commonest first."""
    reasons: dict[str, Reason] = {}
    for letter in letters:
        name, seen = letter.cause.reason, letter.first_seen
        reasons.setdefault(name, Reason(name, 0, seen, seen, letter)).take(letter)
    return sorted(reasons.values(), key=lambda reason: (-reason.letters, reason.name))


def print_summary(reasons: Iterable[Reason], now: datetime, *, as_json: bool) -> None:
    """Print a line for each reason."""

    def told(reason: Reason) -> Mapping[str, object]:
        return LetterReason(
            reason=reason.name,
            letters=reason.letters,
            oldest_first_seen=reason.oldest,
            oldest_age_seconds=age_s(reason.oldest, now),
            newest_first_seen=reason.newest,
            example=reason.example.cause.message,
        ).attributes()

    table: Table[Reason] = Table(
        Column("Letters", lambda reason: f"{reason.letters:,}", 7, right=True, is_whole=True),
        Column("Reason", lambda reason: reason.name, 24, least=14),
        Column(
            "Oldest", lambda reason: duration_shown((now - reason.oldest).total_seconds()), WIDEST_DURATION, right=True
        ),
        Column(
            "For example", lambda reason: cause_first(reason.example.cause.message, reason.example.key), from_width=60
        ),
        piped=lambda reason: map(str, told(reason).values()),
        json=told,
    )
    table.print(reasons, as_json=as_json)


def _known(number: int | None, shown: Callable[[int], str]) -> str:
    return _NOT_KNOWN if number is None else shown(number)


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
