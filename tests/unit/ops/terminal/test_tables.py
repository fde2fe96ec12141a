"""Every table on every terminal, whatever the key: each line fits, and its key and its verdict are there to be read."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from rich.cells import cell_len

from ops.audit import records_table
from ops.audit.records_table import LOG, print_records
from ops.dlq import results
from ops.dlq.letter import Letter
from ops.dlq.results import Found, Lines, Result
from ops.dlq.tables import print_letters, print_summary, summary_of
from ops.reconcile import report
from ops.reconcile.differences import Finding, Kind, difference
from ops.reconcile.report import DIFFERENCE_TABLE
from ops.terminal import tables
from shared.errors import sentence
from shared.humanize import visible
from tests.fakes.bodies import object_created
from tests.fakes.letters import FAILED, a_letter
from tests.fakes.outcomes import UPLOADED_AT, a_record, an_upload, failed
from tests.unit.ops.reconcile.examples import listed, pair, scope

CJK = "\N{CJK UNIFIED IDEOGRAPH-65E5}\N{CJK UNIFIED IDEOGRAPH-672C}"
KEYS = {
    "plain": "reports/2026/11/24/hourly/summary-of-all.csv",
    "wide": f"{CJK * 20}/{CJK}.xlsx",
    "control": "a\x1b[2J\x07\r\n/b\x00.bin",
    "right-to-left": "invoice\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe",
    "emoji": "\N{SLIGHTLY SMILING FACE}" * 30 + ".png",
    "marks": "e\N{COMBINING ACUTE ACCENT}" * 60,
    "longest": "k" * 1017 + "end.bin",
    "colon": "a: b: c.csv",
}
CAUSE = "User: arn:aws:iam::1:u is not authorized to perform: s3:GetObject"
NOW = UPLOADED_AT + timedelta(minutes=119)


def letter(key: str) -> Letter:
    attributes = FAILED | {"Message": sentence("CopyObject", f"s3://in/{key} to s3://out/{key}", CAUSE)}
    return a_letter(attributes, body=object_created(an_upload(key=key)))


def show_differences(key: str) -> None:
    missing = Finding(Kind.MISSING, pair(listed(), None)._replace(key=key))
    DIFFERENCE_TABLE.print([difference(missing, scope())])


# What shows an object of a key, and the verdict on it.
TABLES: dict[str, tuple[Callable[[str], object], str]] = {
    "dlq ls": (lambda key: print_letters([letter(key)], NOW, as_json=False), "AccessDenied"),
    "dlq replay": (
        lambda key: Lines(as_json=False).show([Found(letter(key), Result.SUPERSEDED)]),
        "Superseded    AccessDenied",
    ),
    "audit list": (
        lambda key: print_records([a_record(failed(an_upload(key=key)))], as_json=False),
        "Failed AccessDenied",
    ),
    "audit tail": (
        lambda key: LOG.print([a_record(failed(an_upload(key=key)))]),
        "Failed AccessDenied",
    ),
    "reconcile": (show_differences, "Missing"),
}


@pytest.fixture(params=[40, 80, 120, 200])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many cells a line of the terminal holds."""
    for module in (tables, results, records_table, report):
        monkeypatch.setattr(module, "terminal_width", lambda: request.param)
    return int(request.param)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("table", TABLES)
def test_every_line_fits_and_has_the_verdict_and_the_end_of_the_key(
    table: str, key: str, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    show, verdict = TABLES[table]
    show(key)
    header, row = capsys.readouterr().out.splitlines()
    assert max(cell_len(header), cell_len(row)) <= width
    assert row.isprintable()
    assert verdict in row
    assert visible(key)[-4:] in row


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_where_there_is_room_for_a_message_what_aws_said_comes_first(
    key: str, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    print_letters([letter(key)], NOW, as_json=False)
    print_summary(summary_of([letter(key)]), NOW, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert [CAUSE[:20] in line for line in lines] == [False, width >= 110, False, width >= 60]
    assert max(map(cell_len, lines)) <= width


def test_a_log_id_is_whole_or_not_there_and_then_something_says_where_it_is(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    record = a_record()
    print_records([record], as_json=False)
    shown = capsys.readouterr()
    assert (record.log_id in shown.out) is (width >= 72)
    assert (record.log_id[:4] in shown.out) is (width >= 72)
    assert ("--json has them" in shown.err) is (width < 72)


def test_an_age_of_119_minutes_is_told_whole(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    print_letters([a_letter({})], NOW, as_json=False)
    assert ("119 min" in capsys.readouterr().out) is (width >= 60)
