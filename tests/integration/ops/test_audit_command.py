"""`copytrail audit`, as installed, against a stack."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from shared import times
from shared.audit_log.record import Record
from shared.events import Completion, Upload
from tests.fakes.outcomes import a_record, an_upload, copied, failed, skipped
from tests.integration.ops.conftest import AuditTerminal
from tests.terminal import COPYTRAIL

NASTY = "evil\x1b[31m\n\t[red]x\u202egpj\x9b \x7f"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def ago(ending: Callable[[Upload], Completion], minutes: float, key: str) -> Record:
    """A record of something that finished so many minutes ago."""
    return a_record(ending(an_upload(key=key, uploaded_at=times.now() - timedelta(minutes=minutes, seconds=2))))


def log_ids(listed: subprocess.CompletedProcess[str]) -> list[str]:
    """The first of each line's tab-separated values."""
    assert listed.returncode == 0, listed.stderr
    return [line.split("\t")[0] for line in listed.stdout.splitlines()]


@pytest.fixture
def three(terminal: AuditTerminal) -> list[Record]:
    """A copy, a skip and a failure of the last hours, newest first."""
    records = [ago(copied, 5, "in/a.csv"), ago(skipped, 90, "in/b.csv"), ago(failed, 60 * 30, "other/c.csv")]
    terminal.keep(*records)
    return records


def test_get_shows_every_attribute_of_the_record(terminal: AuditTerminal, three: list[Record]) -> None:
    shown = terminal.run("audit", "get", three[1].log_id)
    assert shown.returncode == 0
    pairs = dict(line.split(maxsplit=1) for line in shown.stdout.splitlines())
    assert pairs == {name: str(value) for name, value in three[1].attributes().items()}


def test_get_json_prints_the_record_on_one_line(terminal: AuditTerminal, three: list[Record]) -> None:
    [line] = terminal.run("audit", "get", three[2].log_id, "--json").stdout.splitlines()
    assert json.loads(line) == three[2].attributes()


def test_get_takes_a_log_id_in_capitals_and_with_blanks_around_it(terminal: AuditTerminal, three: list[Record]) -> None:
    assert three[0].log_id in terminal.run("audit", "get", f" {three[0].log_id.upper()}\n").stdout


def test_get_of_an_unknown_log_id_exits_1_with_one_line(terminal: AuditTerminal) -> None:
    shown = terminal.run("audit", "get", a_record().log_id)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == f"Error: no record has LogID {a_record().log_id}, and no operation has this id\n"


def test_list_shows_the_last_day_newest_first(terminal: AuditTerminal, three: list[Record]) -> None:
    assert log_ids(terminal.run("audit", "list")) == [three[0].log_id, three[1].log_id]


def test_list_into_a_pipe_has_one_line_per_record_with_its_values_whole(terminal: AuditTerminal) -> None:
    record = ago(skipped, 1, "k" * 1024)
    terminal.keep(record)
    assert terminal.run("audit", "list").stdout == (
        f"{record.log_id}\t{times.to_text(record.finished_at)}\tSkipped\tSuperseded\ts3://in/{'k' * 1024}\n"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--since", "1h"], [0]),
        (["--since", "2d"], [0, 1, 2]),
        (["--since", "2d", "--until", "1h"], [1, 2]),
        (["--since", "2d", "--key-prefix", "in/"], [0, 1]),
        (["--since", "2d", "--outcome", "failed"], [2]),
        (["--since", "2d", "--outcome", "SKIPPED"], [1]),
        (["--since", "2d", "--limit", "2"], [0, 1]),
        (["--since", "2d", "--key-prefix", "in/b", "--outcome", "skipped", "--limit", "1"], [1]),
    ],
    ids=str,
)
def test_list_keeps_to_its_options(
    terminal: AuditTerminal, three: list[Record], options: list[str], expected: list[int]
) -> None:
    assert log_ids(terminal.run("audit", "list", *options)) == [three[number].log_id for number in expected]


def test_list_takes_moments_as_the_records_write_them(terminal: AuditTerminal, three: list[Record]) -> None:
    def exactly(moment: datetime) -> str:
        return times.to_text(moment)

    options = ["--since", exactly(three[1].finished_at), "--until", exactly(three[0].finished_at)]
    assert log_ids(terminal.run("audit", "list", *options)) == [three[1].log_id]


def test_list_json_prints_one_record_per_line_as_get_does(terminal: AuditTerminal, three: list[Record]) -> None:
    printed = terminal.run("audit", "list", "--since", "2d", "--json").stdout.splitlines()
    assert [json.loads(line) for line in printed] == [record.attributes() for record in three]


def test_list_shows_what_the_functions_clock_finished_a_little_later_than_ours(terminal: AuditTerminal) -> None:
    record = ago(copied, -2, "early")
    terminal.keep(record)
    assert log_ids(terminal.run("audit", "list", "--since", "1h")) == [record.log_id]


def test_list_until_far_in_the_future_begins_with_the_newest_record(
    terminal: AuditTerminal, three: list[Record]
) -> None:
    span = ["--since", "1000w", "--until", "9999-12-31"]
    assert log_ids(terminal.run("audit", "list", *span, "--limit", "3")) == [record.log_id for record in three]


def test_list_of_a_span_that_is_yet_to_come_is_empty(terminal: AuditTerminal) -> None:
    listed = terminal.run("audit", "list", "--since", "2100-01-01", "--until", "9999-12-31")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert listed.stderr.startswith("no record matches --since 2100-01-01")


def test_list_without_a_match_says_so_on_stderr_and_succeeds(terminal: AuditTerminal) -> None:
    listed = terminal.run("audit", "list", "--since", "2026-11-01", "--until", "2026-11-02")
    assert (listed.returncode, listed.stdout) == (0, "")
    assert listed.stderr == ("no record matches --since 2026-11-01T00:00:00.000Z --until 2026-11-02T00:00:00.000Z\n")


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["get", "LOGID"], ["get", "LOGID", "--json"]])
def test_nothing_of_a_key_reaches_the_terminal_raw(terminal: AuditTerminal, arguments: list[str]) -> None:
    record = ago(copied, 1, NASTY)
    terminal.keep(record)
    arguments = [record.log_id if argument == "LOGID" else argument for argument in arguments]
    printed = terminal.run("audit", *arguments).stdout
    assert printed.replace("\t", "").replace("\n", "").isprintable()
    assert "[red]x" in printed
    shown = ESCAPE.sub("", terminal.show("audit", *arguments, width=120))
    assert shown.replace("\r", "").replace("\n", "").isprintable()
    assert "\x1b" not in shown


def test_a_json_line_gives_back_the_very_key(terminal: AuditTerminal) -> None:
    terminal.keep(ago(copied, 1, NASTY + "\U000e0001ü"))
    [line] = terminal.run("audit", "list", "--json").stdout.splitlines()
    assert json.loads(line)["ObjectKey"] == NASTY + "\U000e0001ü"


@pytest.mark.parametrize("width", [80, 120, 200])
def test_on_a_terminal_each_record_has_one_line_that_fits_with_its_log_id_whole(
    terminal: AuditTerminal, width: int
) -> None:
    records = [ago(copied, 1, "plain"), ago(failed, 2, "k" * 1024), ago(skipped, 3, NASTY), ago(copied, 4, "日本" * 99)]
    terminal.keep(*records)
    shown = ESCAPE.sub("", terminal.show("audit", "list", "--since", "1d", width=width)).splitlines()
    assert shown[0].split()[0] == "LogID"
    assert [line.split()[0] for line in shown[1:]] == [record.log_id for record in records]
    assert max(map(len, shown)) <= width


def test_on_a_very_narrow_terminal_log_ids_are_still_whole(terminal: AuditTerminal, three: list[Record]) -> None:
    shown = terminal.show("audit", "list", width=40)
    assert not any(record.log_id[:12] in shown for record in three)
    assert "LogIDs take 72 columns: --json has them" in shown


def test_a_long_table_has_one_header(terminal: AuditTerminal) -> None:
    records = [ago(copied, 1 + number, str(number)) for number in range(120)]
    terminal.keep(*records)
    shown = ESCAPE.sub("", terminal.show("audit", "list", "--since", "1d", width=120)).splitlines()
    assert [line.split()[0] for line in shown] == ["LogID", *(record.log_id for record in records)]


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(terminal: AuditTerminal) -> None:
    terminal.keep(*(ago(copied, 1 + number, "k" * 1000 + str(number)) for number in range(120)))
    with subprocess.Popen(  # noqa: S603 - our own command
        [COPYTRAIL, "audit", "list"], env=terminal.variables({}), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout
        assert command.stderr
        command.stdout.read(1)
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 141


def test_an_encoding_without_the_keys_characters_is_no_reason_to_fail(terminal: AuditTerminal) -> None:
    terminal.keep(ago(copied, 1, "ü日"))
    listed = terminal.run_installed("audit", "list", PYTHONIOENCODING="latin-1")
    assert listed.returncode == 0
    assert "\\u65e5" in listed.stdout


def test_list_without_a_match_names_every_filter_in_force(terminal: AuditTerminal) -> None:
    listed = terminal.run("audit", "list", "--since", "2026-11-01", "--key-prefix", "in/", "--outcome", "failed")
    assert listed.stderr == ("no record matches --since 2026-11-01T00:00:00.000Z --outcome Failed --key-prefix in/\n")


@pytest.mark.usefixtures("three")
def test_list_of_the_default_span_says_how_to_see_more(terminal: AuditTerminal) -> None:
    assert terminal.run("audit", "list", "--outcome", "failed").stderr.endswith("; --since 7d shows more\n")
    assert "the last 24 h; --since 7d shows more" in terminal.show("audit", "list", width=80)
    assert "shows more" not in terminal.show("audit", "list", "--since", "2d", width=80)


def test_at_80_columns_a_record_has_its_outcome_and_its_reason(terminal: AuditTerminal, three: list[Record]) -> None:
    shown = ESCAPE.sub("", terminal.show("audit", "list", "--since", "2d", width=80))
    assert "Skipped Superseded" in shown
    assert f"Failed {three[2].reason}" in shown


def test_list_gives_the_oldest_first_when_asked(terminal: AuditTerminal, three: list[Record]) -> None:
    options = ["--since", "2d", "--oldest-first"]
    assert log_ids(terminal.run("audit", "list", *options)) == [record.log_id for record in three[::-1]]
    assert log_ids(terminal.run("audit", "list", *options, "--limit", "1")) == [three[2].log_id]


def test_at_80_columns_the_end_of_a_long_key_is_shown(terminal: AuditTerminal) -> None:
    terminal.keep(ago(copied, 1, "a/long/folder/that/all/have/1.csv"), ago(copied, 2, "日本" * 20 + ".csv"))
    first, second = ESCAPE.sub("", terminal.show("audit", "list", "--since", "1d", width=80)).splitlines()[1:]
    assert first.endswith(" …/have/1.csv")
    assert second.rstrip().endswith("本日本.csv")
