"""Counts are drawn as bars for people, and are columns and JSON for the rest."""

import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from ops.audit import stats
from ops.audit.stats import print_counts
from ops.audit.tally import Delays, Period, PeriodCounts
from ops.terminal import tables

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BLOCKS = "█▉▊▋▌▍▎▏"


def counts_of(begins_at: datetime | None, endings: dict[str, int], size: int, delays: Delays | None) -> PeriodCounts:
    outcomes: Counter[str] = Counter()
    for ending, count in endings.items():
        outcomes[ending.split()[0]] += count
    return PeriodCounts(
        period=Period.HOUR if begins_at else Period.TOTAL,
        begins_at=begins_at,
        records=outcomes.total(),
        outcomes=outcomes,
        endings=endings,
        size_copied=size,
        upload_to_copied=delays,
    )


@pytest.fixture
def counted() -> list[PeriodCounts]:
    """An hour with a hundred copies, one without any, and one with a copy, and a failure whose code is odd."""
    return [
        counts_of(NOON, {"Copied": 100}, 2**30, Delays(p50=1.0, p95=2.0, p99=3.0, max=4.0)),
        counts_of(
            NOON + timedelta(hours=2),
            {"Copied": 1, "Failed \x1b[2J": 1},
            5,
            Delays(p50=7, p95=7, p99=7, max=7.25),
        ),
        counts_of(None, {"Copied": 101, "Failed AccessDenied": 1}, 2**30 + 5, Delays(p50=1, p95=2, p99=7, max=7.25)),
    ]


@pytest.mark.parametrize("width", [40, 80, 110, 200])
def test_on_a_terminal_every_hour_has_a_line_that_fits(
    counted: list[PeriodCounts], width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (tables, stats):
        monkeypatch.setattr(module, "terminal_width", lambda: width)
    print_counts(counted, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [f"{line[:11]:11}" for line in lines[:5]] == [
        "Hour (UTC) ",
        "11-23 12:00",
        "11-23 13:00",
        "11-23 14:00",
        "total      ",
    ]
    assert max(map(cell_len, lines)) == width
    longest, empty, short, total = (sum(character in BLOCKS for character in line) for line in lines[1:5])
    assert longest >= 9
    assert 1 <= short <= 1 + longest * 2 / 100
    assert (empty, total) == (0, 0)
    assert (lines[1].split()[2], "Failed" in lines[0]) == ("100", True)
    assert ("1.0 GiB" in lines[1]) is (width >= 80)
    assert [line.strip() for line in lines[5:]] == ["Copied 101", "Failed AccessDenied 1"]


def test_an_encoding_without_blocks_has_bars_all_the_same(
    counted: list[PeriodCounts], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (tables, stats):
        monkeypatch.setattr(module, "terminal_width", lambda: 80)
    monkeypatch.setattr(type(sys.stdout), "encoding", "ascii")
    print_counts(counted, as_json=False)
    monkeypatch.undo()
    assert "####" in capsys.readouterr().out


def test_into_a_pipe_each_hour_with_a_record_is_a_line_of_plain_numbers(
    counted: list[PeriodCounts], capsys: pytest.CaptureFixture[str]
) -> None:
    print_counts(counted, as_json=False)
    assert [line.split("\t") for line in capsys.readouterr().out.splitlines()] == [
        ["2026-11-23T12:00:00.000Z", "100", "100", "0", "0", "0", str(2**30), "1.000", "2.000", "3.000", "4.000"],
        ["2026-11-23T14:00:00.000Z", "2", "1", "0", "0", "1", "5", "7.000", "7.000", "7.000", "7.250"],
        ["total", "102", "101", "0", "0", "1", str(2**30 + 5), "1.000", "2.000", "7.000", "7.250"],
    ]


def test_a_json_line_has_outcomes_endings_and_seconds(
    counted: list[PeriodCounts], capsys: pytest.CaptureFixture[str]
) -> None:
    print_counts(counted, as_json=True)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    _, second, total = map(json.loads, printed.splitlines())
    assert second == {
        "Period": "Hour",
        "BeginsAt": "2026-11-23T14:00:00.000Z",
        "Records": 2,
        "Outcomes": {"Copied": 1, "Failed": 1},
        "Endings": {"Copied": 1, "Failed \x1b[2J": 1},
        "SizeCopied": 5,
        "UploadToCopied": {"P50": 7, "P95": 7, "P99": 7, "Max": 7.25},
    }
    assert (total["Period"], total["Records"]) == ("Total", 102)


def test_without_a_copy_there_are_no_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    stats = [counts_of(begins_at, {"Failed AccessDenied": 2}, 0, None) for begins_at in (NOON, None)]
    print_counts(stats, as_json=False)
    assert capsys.readouterr().out.splitlines()[-1] == "total\t2\t0\t0\t0\t2\t0\t\t\t\t"
    print_counts(stats, as_json=True)
    assert "UploadToCopied" not in json.loads(capsys.readouterr().out.splitlines()[0])
