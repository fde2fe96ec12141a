"""What is printed can be read, and does nothing else to a terminal."""

import json
from collections.abc import Iterator

import pytest

from ops.terminal import tables
from ops.terminal.json import print_json
from ops.terminal.tables import Cell, Column, Table, print_attributes


@pytest.mark.parametrize(
    "text", ['"\\', "a\nb\x1b\x7f\x9b", "\u2028\u202e", "\U000e0001", "ü🙂", "\x00\x01\ufffe\uffff", "\ud800"]
)
def test_a_json_line_is_printable_and_means_the_very_text(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"Key": text})
    line = capsys.readouterr().out
    assert line.endswith("}\n")
    assert line[:-1].isprintable()
    assert json.loads(line) == {"Key": text}


def test_into_a_pipe_a_row_is_a_line_of_values_with_tabs_between(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table[tuple[str, str]](Column("A", lambda row: row[0], 3), piped=lambda row: row)
    table.print([("long value", "x\ty"), ("", "[b]")])
    assert capsys.readouterr().out == "long value\tx\\ty\n\t[b]\n"


def test_rows_are_printed_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    rows = iter(["first", "second"])
    seen: list[str] = []

    def watched() -> Iterator[str]:
        for row in rows:
            seen.append(capsys.readouterr().out)
            yield row

    Table[str](piped=lambda row: [row]).print(watched())
    assert seen == ["", "first\n"]


def test_what_came_before_an_error_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Iterator[str]:
        yield from ("first", "second")
        raise ConnectionError

    monkeypatch.setattr(tables, "terminal_width", lambda: 40)
    with pytest.raises(ConnectionError):
        Table[str](Column("Key", str)).print(broken())
    assert capsys.readouterr().out.splitlines() == ["Key", "first", "second"]


def test_a_table_knows_how_many_it_has_printed(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table[str](Column("Key", str), json=lambda row: {"Key": row})
    assert (table.print(["a", "b"]), table.print(["c"], as_json=True), table.print([])) == (2, 1, 0)
    assert capsys.readouterr().out == 'a\nb\n{"Key": "c"}\n'


def test_attributes_are_lined_up(capsys: pytest.CaptureFixture[str]) -> None:
    print_attributes({"LogID": "x", "SourceBucket": "a\nb", "Size": 3})
    assert capsys.readouterr().out == "LogID         x\nSourceBucket  a\\nb\nSize          3\n"


def test_on_a_terminal_a_table_is_lines_that_fit_whatever_is_in_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tables, "terminal_width", lambda: 40)
    table = Table[tuple[str, str, str]](
        Column("Count", lambda row: row[0], 5, right=True, is_whole=True),
        Column("Reason", lambda row: Cell(row[1], "red"), 12),
        Column("Key", lambda row: row[2], keeps_end=True),
    )
    wide = "\N{CJK UNIFIED IDEOGRAPH-65E5}" * 20
    table.print([("1,234,567", "x\u202e", f"{wide}.csv"), ("1", "[b]", "k")])
    assert capsys.readouterr().out.splitlines() == [
        "    Count Reason       Key",
        f"1,234,567 x\\u202e      …{wide[:6]}.csv",
        "        1 [b]          k",
    ]
