"""Lines for the screen: log lines, routes and an upload to try."""

import json

import pytest

from localaws.display import line_shown, route_shown, upload_suggested
from shared.routes import Route

TRANSFER = {
    "level": "INFO",
    "message": "transfer",
    "timestamp": "2026-11-23T02:59:07.459+00:00",
    "outcome": "Copied",
    "source": "s3://source/a b.txt",
    "destination": "s3://destination/a b.txt",
    "size": 67108864,
    "duration_ms": 17,
}


def shown(**fields: object) -> str:
    return str(line_shown("copier", json.dumps({**TRANSFER, **fields})))


def test_a_transfer_is_one_line_with_time_outcome_object_size_and_duration() -> None:
    assert shown() == "02:59:07 Copied  s3://source/a b.txt  64 MiB  17 ms"


def test_a_copy_under_another_key_says_where_it_went() -> None:
    destination = "s3://destination/archive/a b.txt"
    assert shown(destination=destination) == f"02:59:07 Copied  s3://source/a b.txt → {destination}  64 MiB  17 ms"


def test_a_failure_says_why() -> None:
    line = shown(outcome="Failed", reason="Archived", explanation="restore it first", destination=None)
    assert line == "02:59:07 Failed  s3://source/a b.txt  64 MiB  17 ms  Archived: restore it first"


def test_a_key_cannot_move_the_cursor_nor_change_colours() -> None:
    assert "s3://source/\\x1b[31m\\nx[bold]" in shown(source="s3://source/\x1b[31m\nx[bold]")


@pytest.mark.parametrize(
    "line", ["START RequestId: x", '{"_aws": {}}', '{"level": "INFO", "message": "record"}', "{broken", "{}", "[1]"]
)
def test_what_is_not_for_a_person_is_not_shown(line: str) -> None:
    assert line_shown("copier", line) is None


def test_a_function_that_dies_or_runs_out_of_time_is_shown() -> None:
    line = "RequestId: x Error: Runtime exited with error: signal 9\nRuntime.ExitError"
    assert str(line_shown("copier", line)) == "copier: RequestId: x Error: Runtime exited with error: signal 9"


@pytest.mark.parametrize(
    "line",
    [
        '{"message": "transfer", "source": "s3://b/k", "size": 1e999}',
        '{"message": "transfer", "source": "s3://b/k", "size": "large"}',
        '{"message": "transfer"}',
        '{"message": "transfer", "source": "s3://b/k", "size": %s}' % ("9" * 5000),
        '{"level": "ERROR", "message": {"a": [1]}, "timestamp": 7}',
        '{"a": ' + "[" * 100_000,
        '{"message": "transfer", "source": null, "size": [], "outcome": {}, "reason": 1}',
        "[ERROR]\x00\x1b[2J\ud800",
    ],
)
def test_no_line_ends_the_thread_that_shows_it(line: str) -> None:
    shown = line_shown("copier", line)
    assert shown is None or "\x1b" not in shown.plain


PLAIN = Route(source_bucket="in", destination_bucket="out")
PICKY = Route(
    source_bucket="in",
    destination_bucket="out",
    destination_prefix="archive/",
    prefixes=("a b/", "c/"),
    suffixes=(".csv",),
    min_size=1024,
    max_size=2048,
)


def test_a_plain_route_is_its_two_ends() -> None:
    assert route_shown(PLAIN) == "s3://in/ → s3://out/"


def test_a_route_with_filters_says_what_it_takes() -> None:
    assert route_shown(PICKY) == (
        's3://in/ → s3://out/archive/  keys that begin with "a b/" or "c/"; keys that end with ".csv";'
        " at least 1.0 KiB; at most 2.0 KiB"
    )


@pytest.mark.parametrize(
    ("route", "command"),
    [
        (PLAIN, "aws s3 cp README.md s3://in/"),
        (PICKY, "aws s3 cp FILE 's3://in/a b/sample.csv'   # of at least 1.0 KiB and at most 2.0 KiB"),
        (Route(source_bucket="in", destination_bucket="out", prefixes=("c/",)), "aws s3 cp README.md s3://in/c/"),
        (Route(source_bucket="in", destination_bucket="out", prefixes=("c",)), "aws s3 cp README.md s3://in/c"),
    ],
)
def test_the_suggested_upload_takes_the_route(route: Route, command: str) -> None:
    assert upload_suggested(route) == command
