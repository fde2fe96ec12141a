"""Filters of records take exactly the records that the options name."""

import shlex
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from ops.audit.record_filter import RecordFilter, is_last_day, no_match
from ops.errors import UsageError
from shared.audit_log.record import Record
from shared.events import Outcome, Trigger
from tests.fakes.outcomes import UPLOADED_AT, a_record, an_upload, copied, failed, skipped

SINCE = UPLOADED_AT - timedelta(days=1)


def wanted_by(*arguments: str) -> RecordFilter:
    """The filter that a command gets."""
    got: list[RecordFilter] = []

    @click.command()
    @RecordFilter.options("wanted")
    def command(*, wanted: RecordFilter) -> None:
        got.append(wanted)

    ended = CliRunner().invoke(command, arguments)
    assert ended.exit_code == 0, ended.output
    return got[0]


@pytest.fixture
def records() -> list[Record]:
    """Five records that differ in all that can be filtered by."""
    return [
        a_record(copied(an_upload(key="a/1.csv", size=10))),
        a_record(skipped(an_upload(key="a/2.csv", size=20))),
        a_record(failed(an_upload(key="b/3.txt", size=30))),
        a_record(copied(an_upload(key="b/4.csv", size=40, bucket="other"), trigger=Trigger.REPLAY)),
        a_record(failed(an_upload(key="", size=50), reason="NoRoute")),
    ]


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("--outcome copied", [0, 3]),
        ("--outcome SKIPPED --outcome failed", [1, 2, 4]),
        ("--reason superseded", [1]),
        ("--reason Superseded --reason accessdenied", [1, 2]),
        ("--trigger replay", [3]),
        ("--bucket other", [3]),
        ("--bucket othe", []),
        ("--key-prefix a/", [0, 1]),
        ("--key-glob '*.csv'", [0, 1, 3]),
        ("--key-prefix b/ --key-glob '*.csv'", [3]),
        ("--min-size 20", [1, 2, 3, 4]),
        ("--max-size 20", [0, 1]),
        ("--min-size 20 --max-size 20", [1]),
        ("--min-size 1kib", []),
        ("--outcome failed --min-size 40", [4]),
    ],
)
def test_a_filter_takes_what_its_options_say(records: list[Record], options: str, taken: list[int]) -> None:
    wanted = wanted_by("--since", "2026-01-01", *shlex.split(options))
    assert [number for number, record in enumerate(records) if wanted.matches(record)] == taken


def test_a_filter_takes_its_first_moment_and_leaves_out_its_last() -> None:
    record = a_record()
    millisecond = timedelta(milliseconds=1)
    assert RecordFilter(since=record.finished_at).matches(record)
    assert not RecordFilter(since=record.finished_at + millisecond).matches(record)
    assert RecordFilter(since=SINCE, until=record.finished_at + millisecond).matches(record)
    assert not RecordFilter(since=SINCE, until=record.finished_at).matches(record)


def test_the_options_that_a_filter_tells_make_the_very_filter() -> None:
    wanted = RecordFilter(
        since=datetime(2026, 11, 1, tzinfo=UTC),
        until=datetime(2026, 11, 2, 3, 4, 5, 678_000, tzinfo=UTC),
        outcomes=(Outcome.FAILED, Outcome.SKIPPED),
        reasons=("Odd one",),
        triggers=(Trigger.BACKFILL,),
        bucket="uploads",
        key_prefix="it's/",
        key_glob="*.c\ns[v]",
        min_size=0,
        max_size=7,
    )
    assert wanted_by(*shlex.split(wanted.as_options())) == wanted
    assert no_match(wanted) == f"no record matches {wanted.as_options()}"


def test_a_filter_is_described_by_the_options_in_force() -> None:
    wanted = wanted_by("--since", "2026-11-01", "--outcome", "failed", "--outcome", "copied", "--min-size", "0")
    assert wanted.described() == {"since": "2026-11-01T00:00:00.000Z", "outcome": "Failed, Copied", "min-size": "0"}


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"until": SINCE}, "is not before --until"),
        ({"min_size": 2, "max_size": 1}, "--min-size 2 is more than --max-size 1"),
    ],
)
def test_a_filter_that_can_take_nothing_is_a_mistake(filters: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        RecordFilter(since=SINCE, **filters)  # type: ignore[arg-type]  # one filter at a time


def test_a_command_knows_whether_since_was_left_out() -> None:
    @click.command()
    @RecordFilter.options("wanted", without=("until", "operation_id"))
    def command(*, wanted: RecordFilter) -> None:
        click.echo(f"{is_last_day(wanted)} {wanted.until}")

    assert CliRunner().invoke(command, []).output == "True None\n"
    assert CliRunner().invoke(command, ["--since", "1d"]).output == "False None\n"
    assert CliRunner().invoke(command, ["--until", "1d"]).exit_code == 2
