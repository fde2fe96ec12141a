"""A table fits its terminal: columns give way as they are declared to, and no character is cut in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ops.terminal.tables import Column, cut, filled, placed

COLUMNS = (
    Column("Id", str, 36, from_width=72),
    Column("Age", str, 7, from_width=50, right=True),
    Column("Reason", str, 18, least=12),
    Column("Key", str, keeps_end=True),
    Column("Message", str, from_width=110),
)
CJK = "\N{CJK UNIFIED IDEOGRAPH-65E5}\N{CJK UNIFIED IDEOGRAPH-672C}"
ACUTE = "\N{COMBINING ACUTE ACCENT}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (40, {"Reason": 18, "Key": 21}),
        (50, {"Age": 7, "Reason": 18, "Key": 23}),
        (80, {"Id": 36, "Age": 7, "Reason": 18, "Key": 16}),
        (120, {"Id": 36, "Age": 7, "Reason": 18, "Key": 27, "Message": 28}),
    ],
)
def test_columns_give_way_in_the_declared_order_and_fill_the_line(width: int, shown: dict[str, int]) -> None:
    places = placed(COLUMNS, width)
    assert {place.column.title: place.width for place in places} == shown
    assert sum(shown.values()) + len(shown) - 1 == width


@given(st.integers(min_value=40, max_value=300))
def test_a_line_is_never_longer_than_its_terminal(width: int) -> None:
    places = placed(COLUMNS, width)
    assert sum(place.width for place in places) + len(places) - 1 == width
    assert {"Reason", "Key"} <= {place.column.title for place in places}


def test_a_column_of_numbers_gets_wider_rather_than_cut_one() -> None:
    count, key = placed((Column("Objects", str, 7, is_whole=True), Column("Key", str)), 40, [13, 90])
    assert (count.width, key.width) == (13, 26)


@pytest.mark.parametrize(
    ("text", "room", "beginning", "end"),
    [
        ("reports/a.csv", 13, "reports/a.csv", "reports/a.csv"),
        ("reports/a.csv", 12, "reports/a.c…", "…ports/a.csv"),
        (CJK * 3, 6, f"{CJK}…", f"…{CJK}"),
        (CJK * 3, 7, f"{CJK}{CJK[0]}…", f"…{CJK[1]}{CJK}"),
        (f"e{ACUTE}" * 4, 3, f"e{ACUTE}" * 2 + "…", "…" + f"e{ACUTE}" * 2),
        (FAMILY * 3, 4, f"{FAMILY}…", f"…{FAMILY}"),
        (r"ab\u202egpj.exe", 8, "ab…", "…gpj.exe"),
        (r"\x1b" * 3, 10, r"\x1b\x1b…", r"…\x1b\x1b"),
        ("abc", 1, "…", "…"),
        ("abc", 0, "", ""),
        ("abc", -5, "", ""),
    ],
)
def test_a_value_is_cut_to_cells_and_says_so(text: str, room: int, beginning: str, end: str) -> None:
    assert cut(text, room) == beginning
    assert cut(text, room, keeps_end=True) == end


@given(st.text(), st.integers(min_value=1, max_value=30), st.booleans(), st.booleans())
def test_any_value_takes_exactly_the_cells_of_its_column(text: str, width: int, right: bool, keeps_end: bool) -> None:
    column = Column("", str, right=right, keeps_end=keeps_end)
    assert cell_len(filled("".join(filter(str.isprintable, text)), column, width)) == width
