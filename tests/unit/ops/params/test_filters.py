"""A filter is declared once: its option, what passes it, and how it is written down."""

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

from ops.params.filters import Filters, filtered
from ops.params.keys import key_glob, key_prefix
from ops.params.moment import moment
from ops.params.numbers import size


class Thing(NamedTuple):
    key: str = "reports/a.csv"
    kind: str = "new"
    size: int = 5


@dataclass(frozen=True)
class ThingFilter(Filters[Thing]):
    """Things of some kinds, keys and sizes; `since` and `limit` let everything pass."""

    kinds: tuple[str, ...] = filtered(
        "--kind", lambda thing, kinds: thing.kind in kinds, instead=lambda thing: f"it is {thing.kind}", multiple=True
    )
    key_prefix: str = key_prefix(lambda thing: thing.key)
    key_glob: str = key_glob(lambda thing: thing.key)
    least: int | None = filtered("--least-size", lambda thing, least: thing.size >= least, type=size)
    since: datetime | None = filtered("--since", type=moment, left_out="2026-11-23")
    limit: int | None = filtered("--limit", type=int)


def parsed(*arguments: str, without: tuple[str, ...] = ()) -> ThingFilter:
    """The filters that a command gets."""
    got: list[ThingFilter] = []

    @click.command
    @ThingFilter.options("wanted", without=without)
    def command(*, wanted: ThingFilter) -> None:
        got.append(wanted)

    ended = CliRunner().invoke(command, arguments)
    assert ended.exit_code == 0, ended.output
    return got[0]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("", ""),
        ("--kind old --kind new", ""),
        ("--kind old", "--kind: it is new"),
        ("--kind old --key-prefix x", "--kind: it is new"),
        ("--key-prefix x --least-size 9", "--key-prefix: its key is 'reports/a.csv'"),
        ("--key-glob '*.txt'", "--key-glob: its key is 'reports/a.csv'"),
        ("--least-size 5", ""),
        ("--least-size 6", "--least-size: it does not pass"),
        ("--least-size 0 --limit 1", ""),
    ],
)
def test_what_does_not_pass_is_told_by_which_option(options: str, why: str) -> None:
    wanted = parsed(*shlex.split(options))
    assert wanted.why_not(Thing()) == why
    assert wanted.matches(Thing()) is (not why)


def test_what_is_in_force_is_written_as_it_is_typed_and_means_the_same() -> None:
    wanted = ThingFilter(
        kinds=("a b", "c"), key_prefix="it's/", least=0, since=datetime(2026, 11, 1, tzinfo=UTC), limit=3
    )
    assert wanted.described() == {
        "kind": "a b, c",
        "key-prefix": "it's/",
        "least-size": "0",
        "since": "2026-11-01T00:00:00.000Z",
        "limit": "3",
    }
    assert parsed(*shlex.split(wanted.as_options())) == wanted


def test_nothing_in_force_is_nothing_to_write() -> None:
    assert (ThingFilter().described(), ThingFilter().as_options()) == ({}, "")


def test_a_filter_that_is_left_out_is_what_it_says_and_one_that_a_command_does_not_have_is_not_in_force() -> None:
    assert parsed() == ThingFilter(since=datetime(2026, 11, 23, tzinfo=UTC))
    assert parsed(without=("since", "key_prefix", "key_glob")) == ThingFilter()
