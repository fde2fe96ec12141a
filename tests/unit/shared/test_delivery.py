"""When a message comes again, and when it is final."""

import random

import pytest

from shared.delivery import final_error, retry_delay
from shared.errors import Permanent, Transient
from tests.fakes.sqs import message


@pytest.mark.parametrize(("receive_count", "ceiling"), [(1, 4), (2, 8), (5, 64), (8, 300), (10_000, 300)])
def test_delays_grow_to_a_ceiling_and_are_spread_over_the_whole_range(receive_count: int, ceiling: float) -> None:
    assert retry_delay(receive_count, lambda low, _: low) == 2
    assert retry_delay(receive_count, lambda _, high: high) == ceiling
    assert 2 <= retry_delay(receive_count, random.Random(1).uniform) <= ceiling


@pytest.mark.parametrize(
    ("error", "receive_count", "final"),
    [
        (Permanent("AccessDenied", "no"), 1, True),
        (Transient("SlowDown", "later"), 4, False),
        (Transient("SlowDown", "later"), 5, True),
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
        with pytest.raises(Transient):
            final_error(error, delivery, max_receive_count=5)
