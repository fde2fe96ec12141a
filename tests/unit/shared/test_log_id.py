"""The same upload always has the same LogID, and no two uploads share one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.log_id import is_log_id, log_id

IDENTITY: dict[str, Any] = {"bucket": "in", "key": "k", "version_id": None, "etag": "e", "sequencer": "1"}


def test_log_ids_given_long_ago_never_change() -> None:
    assert log_id(**IDENTITY) == "5af7e34f-f531-5872-a1e0-ae419d8596e8"


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": "in2"},
        {"key": "k2"},
        {"version_id": "v"},
        {"etag": "e2"},
        {"sequencer": "2"},
        {"request_id": "r"},
        {"failed_message_id": "m"},
        {"request_id": "m", "failed_message_id": ""},
    ],
)
def test_every_part_of_the_identity_counts(change: dict[str, str]) -> None:
    assert log_id(**(IDENTITY | change)) != log_id(**IDENTITY)


PART = st.text(max_size=4)


@given(first=st.tuples(PART, PART, PART, PART), second=st.tuples(PART, PART, PART, PART))
def test_parts_never_run_into_each_other(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    names = ("bucket", "key", "etag", "sequencer")
    ids = [log_id(version_id=None, **dict(zip(names, parts, strict=True))) for parts in (first, second)]

    assert (ids[0] == ids[1]) == (first == second)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (log_id(**IDENTITY), True),
        (log_id(**IDENTITY).upper(), False),
        ("", False),
        ("5af7e34f", False),
        ("not-a-uuid-at-all-but-36-characters-", False),
    ],
)
def test_what_is_written_like_a_log_id(text: str, verdict: bool) -> None:
    assert is_log_id(text) is verdict
