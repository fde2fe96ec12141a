"""A person names lengths of time as people do."""

from datetime import timedelta

import pytest

from ops.errors import UsageError
from ops.params.moment import span


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5s", timedelta(seconds=5)),
        (" 15m ", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_so_long(text: str, meant: timedelta) -> None:
    assert span(text) == meant


@pytest.mark.parametrize("text", ["", "5", "s", "0s", "-5s", "1.5h", "999999999w", "36526d", "1h30m"])
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError, match="write 5s, 15m, 1h or 7d"):
        span(text)
