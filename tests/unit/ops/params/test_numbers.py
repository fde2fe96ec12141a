"""Sizes as a person writes them."""

import pytest

from ops.errors import UsageError
from ops.params.numbers import size


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0", 0), ("1024", 1024), ("10MiB", 10 * 2**20), ("5GB", 5 * 10**9), ("1.5 kib", 1536), ("2t", 2 * 10**12)],
)
def test_a_size_is_read(text: str, meant: int) -> None:
    assert size(text) == meant


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1 mile", "1e3", "1.2.3", "9" * 400, f"1.{'9' * 5000}"], ids=len)
def test_what_is_no_size_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size: write bytes"):
        size(text)
