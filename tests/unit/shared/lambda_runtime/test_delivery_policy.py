"""When a message comes again, and when it is final."""

import random

import pytest

from shared.errors import AccessDeniedError, CopytrailError, PermanentError, TransientError
from shared.lambda_runtime.delivery_policy import final_error, retry_delay
from tests.fakes.sqs import message


@pytest.mark.parametrize(("receive_count", "ceiling"), [(1, 4), (2, 8), (5, 64), (8, 300), (10_000, 300)])
def test_delays_grow_to_a_ceiling_and_are_spread_over_the_whole_range(receive_count: int, ceiling: float) -> None:
    throttled = TransientError("SlowDown", "later")

    assert retry_delay(throttled, receive_count, lambda low, _: low) == 2
    assert retry_delay(throttled, receive_count, lambda _, high: high) == ceiling
    assert 2 <= retry_delay(throttled, receive_count, random.Random(1).uniform) <= ceiling


def test_a_permission_has_minutes_to_take_effect_before_its_absence_is_final() -> None:
    denied = AccessDeniedError("AccessDenied", "not yet")
    waited_s = 0.0
    for receive_count in range(1, 4):
        with pytest.raises(AccessDeniedError):
            final_error(denied, message("{}", receive_count=receive_count), max_receive_count=5)
        waited_s += retry_delay(denied, receive_count, lambda low, _: low)

    assert waited_s == 450
    assert final_error(denied, message("{}", receive_count=4), max_receive_count=5) is denied
    assert retry_delay(denied, 1000, lambda low, _: low) == 300


@pytest.mark.parametrize(
    ("error", "receive_count", "final"),
    [
        (PermanentError("NoSuchBucket", "no"), 1, True),
        (AccessDeniedError("AccessDenied", "no"), 1, False),
        (AccessDeniedError("AccessDenied", "no"), 3, False),
        (AccessDeniedError("AccessDenied", "no"), 4, True),
        (AccessDeniedError("AccessDenied", "no"), 999, True),
        (TransientError("SlowDown", "later"), 4, False),
        (TransientError("SlowDown", "later"), 5, True),
        (ValueError("a bug"), 4, False),
        (ValueError("a bug"), 5, True),
    ],
)
def test_an_error_is_final_when_permanent_or_on_the_last_receive(
    error: Exception, receive_count: int, final: bool
) -> None:
    delivery = message("{}", receive_count=receive_count)

    if final:
        assert final_error(error, delivery, max_receive_count=5).reason
    else:
        with pytest.raises(CopytrailError):
            final_error(error, delivery, max_receive_count=5)
