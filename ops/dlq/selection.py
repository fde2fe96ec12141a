"""Owns how a person names the letters that are meant."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

import click

from ops import options
from ops.dlq.letter import Letter
from ops.failures import Misconfigured
from ops.keys import KeyFilter, key_options
from ops.moments import Moment, check_order
from shared import times

T = TypeVar("T")

_PART_OF_AN_ID = re.compile("[0-9a-f-]{8,36}")


class LetterId(click.ParamType[str]):
    """A message id or a LogID on the command line, or its beginning: 8 characters at least."""

    name = "id"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read an id.

        Raises:
            Failure: no id begins like this, or too many would.
        """
        text = str(value).strip().lower()
        if not _PART_OF_AN_ID.fullmatch(text):
            raise Misconfigured(
                f"'{value}' is not a message id or LogID, nor the first 8 characters of one: `copytrail dlq ls` shows"
                " them"
            )
        return text


@dataclass(frozen=True)
class Selection:
    """Letters first seen from `since` up to, not including, `until`, and as the rest says; empty takes all of ours.

    Letters that are not ours are only meant where `ids` name them. Reasons are taken in any case. `limit`: no more than
    so many, whichever come first; who goes through the letters counts them.
    """

    keys: KeyFilter = field(default_factory=KeyFilter)
    reasons: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    ids: tuple[str, ...] = ()
    limit: int | None = None

    def __post_init__(self) -> None:
        check_order(self.since, self.until)

    def matches(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        return (bool(self.ids) or letter.is_ours) and self.shows(letter)

    def shows(self, letter: Letter) -> bool:
        """Whether a letter is meant where letters are only looked at: then also one that is not ours."""
        return (
            self.keys.matches(letter.key)
            and (not self.reasons or letter.reason.casefold() in {reason.casefold() for reason in self.reasons})
            and (self.since is None or letter.first_seen >= self.since)
            and (self.until is None or letter.first_seen < self.until)
            and (not self.ids or any(is_named(letter, id_) for id_ in self.ids))
        )

    def described(self) -> dict[str, str]:
        """The filters in force, by the names of their options; several values of one with commas between."""
        return options.described(self._options())

    def as_options(self) -> str:
        """The filters in force, as a person would write them on the command line, or ""."""
        return options.as_written(self._options())

    def _options(self) -> Iterator[options.Given]:
        texts = {"key-prefix": self.keys.prefix, "key-glob": self.keys.glob}
        yield from ((name, text) for name, text in texts.items() if text)
        yield from (("reason", reason) for reason in self.reasons)
        moments = {"since": self.since, "until": self.until}
        yield from ((name, times.to_text(moment)) for name, moment in moments.items() if moment)
        yield from (("id", id_) for id_ in self.ids)
        if self.limit is not None:
            yield "limit", str(self.limit)


class Named:
    """Which letters each id of a selection turns out to name: the beginning of an id may be that of several."""

    def __init__(self, ids: tuple[str, ...]) -> None:
        self._letters: dict[str, list[str]] = {id_: [] for id_ in ids}

    def take(self, letter: Letter) -> None:
        """A letter that was found."""
        for id_, letters in self._letters.items():
            if id_ not in (letter.id, letter.log_id) and is_named(letter, id_):
                letters.append(letter.id)

    def check(self) -> None:
        """Let ids pass that name one letter each.

        Raises:
            Failure: the beginning of an id is that of several letters' ids.
        """
        for id_, letters in self._letters.items():
            if len(letters) > 1:
                raise Misconfigured(f"'{id_}' is how the ids of several letters begin: name one of {_listed(letters)}")


def is_named(letter: Letter, id_: str) -> bool:
    """Whether an id, or the beginning of one, is the letter's: by its message id, or its LogID."""
    return letter.id.lower().startswith(id_) or (letter.log_id or "").startswith(id_)


def selection_options(command: Callable[..., T]) -> Callable[..., T]:
    """Add the filters of letters to a command, which gets them as one argument: `selection`, a Selection."""

    @wraps(command)
    def with_selection(*arguments: Any, **named: Any) -> T:
        selection = Selection(
            keys=KeyFilter(named.pop("key_prefix"), named.pop("key_glob")),
            reasons=named.pop("reason"),
            since=named.pop("since"),
            until=named.pop("until"),
            ids=named.pop("ids"),
            limit=named.pop("limit"),
        )
        return command(*arguments, selection=selection, **named)

    filters: tuple[Callable[[Callable[..., T]], Callable[..., T]], ...] = (
        key_options,
        click.option(
            "--reason",
            multiple=True,
            metavar="REASON",
            help="Only this reason; `unrecorded`: only those that have none. May be repeated.",
        ),
        click.option("--since", type=Moment(), help="Only what was first seen then or later: 15m, 1h, 7d or ISO-8601."),
        click.option("--until", type=Moment(), help="Only what was first seen before then."),
        click.option(
            "--id",
            "ids",
            type=LetterId(),
            multiple=True,
            help="Only this letter: its message id or LogID, or how that begins. May be repeated.",
        ),
        click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many."),
    )
    wrapped: Callable[..., T] = with_selection
    for option in reversed(filters):
        wrapped = option(wrapped)
    return wrapped


def _listed(letters: list[str]) -> str:
    most = 3
    return ", ".join(letters[:most]) + (", …" if len(letters) > most else "")
