"""Durations and causes as a person reads them: what AWS said comes before what it was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.terminal.formats import WIDEST_DURATION, cause_first, duration_shown
from shared.errors import from_aws_code
from shared.humanize import WIDEST_SIZE, size_shown

COPY = "s3://devops-public-5607/{key} to s3://devops-private-28593/in/{key}"


DENIED = "User: arn:aws:iam::1:x is not authorized to perform: s3:GetObject"


@pytest.mark.parametrize("key", ["a.csv", "a: b.csv", "x: y: z", ": ", "in on s3://b: ", "\u65e5: \u672c"])
@pytest.mark.parametrize("cause", ["Access Denied", DENIED])
def test_the_cause_comes_first_whatever_the_key(key: str, cause: str) -> None:
    resource = COPY.format(key=key)
    error = from_aws_code("AccessDenied", cause, action="CopyObject", resource=resource)
    assert cause_first(error.message, key) == f"{cause} (CopyObject on {resource})"


@pytest.mark.parametrize("key", ["k" * 1024, "a: b" * 256])
def test_the_longest_keys_leave_room_for_the_cause(key: str) -> None:
    error = from_aws_code("AccessDenied", DENIED, action="CopyObject", resource=COPY.format(key=key))
    assert cause_first(error.message, key).startswith(f"{DENIED} (CopyObject on s3://devops-public-5607/{key} to ")


def test_a_resource_without_a_key_is_told_after_the_cause_too() -> None:
    assert cause_first("s3:ListBucket on bucket: Access Denied: no") == "Access Denied: no (s3:ListBucket on bucket)"


@pytest.mark.parametrize("message", ["", "no route takes it", "x on y", "on: x", "a: b on c: d"])
def test_any_other_message_is_shown_as_it_is(message: str) -> None:
    assert cause_first(message, "k") == message


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0.0 s"),
        (0.84, "0.8 s"),
        (45.2, "45 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (720, "12 min"),
        (7170, "2 h"),
        (119 * 60, "119 min"),
        (3 * 86400, "3 d"),
        (730 * 86400, "730 d"),
        (2000 * 365.2425 * 86400, "2,000 y"),
    ],
)
def test_a_span_of_time_is_told_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert duration_shown(seconds) == shown


@given(st.floats(min_value=-1, max_value=9998 * 365.2425 * 86400))
def test_any_span_of_the_calendar_fits_its_column(seconds: float) -> None:
    assert len(duration_shown(seconds)) <= WIDEST_DURATION


@given(st.integers(min_value=0, max_value=2**63))
def test_any_size_fits_its_column(size: int) -> None:
    assert len(size_shown(size)) <= WIDEST_SIZE
