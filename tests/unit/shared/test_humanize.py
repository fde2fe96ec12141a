"""Sizes, colours and text as a person reads them."""

import pytest

from shared.events import Outcome
from shared.humanize import OUTCOME_STYLES, size_shown, visible


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1.0 KiB"),
        (15_360, "15 KiB"),
        (2**20 - 1, "1.0 MiB"),
        (2**50 - 1, "1.0 PiB"),
        (2**63, "8.0 EiB"),
    ],
)
def test_a_size_is_told_in_its_largest_unit(size: int, shown: str) -> None:
    assert size_shown(size) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ü 日本 🙂", "plain ü 日本 🙂"),
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b\x7f", r"\x9b\x7f"),
        ("\u202egpj", r"\u202egpj"),
        ("\U000e0001", r"\U000e0001"),
        ("\ud800", r"\ud800"),
        ("\x00\x1f", r"\x00\x1f"),
        ("\ufffe\uffff", r"\ufffe\uffff"),
        ("", ""),
    ],
)
def test_what_would_not_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_outcome_has_its_colour() -> None:
    assert OUTCOME_STYLES.keys() == set(Outcome)
    assert len(set(OUTCOME_STYLES.values())) == len(Outcome)
