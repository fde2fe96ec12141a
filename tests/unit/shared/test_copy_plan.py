"""Sizes that S3's limits make interesting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.copy_plan import (
    GIBIBYTE,
    LARGEST_OBJECT,
    LARGEST_PART,
    LARGEST_SINGLE_COPY,
    MEBIBYTE,
    MOST_PARTS,
    Part,
    PartSizes,
    largest_copy,
    largest_part,
    part_count,
    part_size,
    parts,
    seconds_for,
    seconds_to_copy,
)
from shared.errors import PermanentError, Reason

TERABYTE = 1000**4
SHIPPED = PartSizes(threshold=256 * MEBIBYTE, part=256 * MEBIBYTE)
AS_LATE_AS_CAN_BE = PartSizes(threshold=LARGEST_SINGLE_COPY, part=64 * MEBIBYTE)


@pytest.mark.parametrize(
    ("size", "sizes", "bytes_each", "count"),
    [
        (0, SHIPPED, None, 1),
        (256 * MEBIBYTE, SHIPPED, None, 1),
        (256 * MEBIBYTE + 1, SHIPPED, 256 * MEBIBYTE, 2),
        (5 * GIBIBYTE, AS_LATE_AS_CAN_BE, None, 1),
        (5 * GIBIBYTE + 1, AS_LATE_AS_CAN_BE, 64 * MEBIBYTE, 81),
        (5 * GIBIBYTE, SHIPPED, 256 * MEBIBYTE, 20),
        (2_560_000 * MEBIBYTE, SHIPPED, 256 * MEBIBYTE, 10_000),
        (2_560_000 * MEBIBYTE + 1, SHIPPED, 257 * MEBIBYTE, 9_962),
        (5 * TERABYTE, SHIPPED, 477 * MEBIBYTE, 9_997),
        (50 * TERABYTE, SHIPPED, 4_769 * MEBIBYTE, 9_999),
        (LARGEST_OBJECT, SHIPPED, LARGEST_PART, 10_000),
    ],
)
def test_an_object_is_copied_at_once_or_in_parts_that_always_suffice(
    size: int, sizes: PartSizes, bytes_each: int | None, count: int
) -> None:
    assert part_size("s3://in/k", size, sizes) == bytes_each
    assert part_count(size, sizes) == count
    if bytes_each:
        assert sum(1 for _ in parts(size, bytes_each)) == count


def test_an_object_that_no_ten_thousand_parts_can_hold_is_too_large() -> None:
    with pytest.raises(PermanentError, match="53,687,091,200,001 bytes; S3 copies at most") as raised:
        part_size("s3://in/k", LARGEST_OBJECT + 1, SHIPPED)
    assert raised.value.reason == Reason.TOO_LARGE


def test_parts_are_numbered_from_one_and_the_last_takes_the_rest() -> None:
    assert list(parts(25, 10)) == [Part(1, 0, 9), Part(2, 10, 19), Part(3, 20, 24)]


@given(size=st.integers(SHIPPED.threshold + 1, LARGEST_OBJECT))
def test_every_size_is_within_the_limits_of_multipart_uploads(size: int) -> None:
    bytes_each = part_size("s3://in/k", size, SHIPPED)

    assert bytes_each is not None
    assert SHIPPED.part <= bytes_each <= LARGEST_PART
    assert -(-size // bytes_each) <= MOST_PARTS


@given(size=st.integers(1, 10_000), bytes_each=st.integers(1, 200))
def test_parts_cover_every_byte_once(size: int, bytes_each: int) -> None:
    planned = list(parts(size, bytes_each))

    assert [part.first for part in planned] == [0, *(part.last + 1 for part in planned[:-1])]
    assert planned[-1].last == size - 1


def test_the_largest_object_is_copied_within_the_shipped_time_out() -> None:
    sizes = PartSizes(threshold=256 * MEBIBYTE, part=64 * MEBIBYTE, largest=largest_part(120))

    assert part_size("s3://in/k", LARGEST_OBJECT, sizes) == LARGEST_PART
    # The reserve of a copy in parts, and a few seconds to look at both ends.
    assert seconds_to_copy(LARGEST_PART) + 15 < 120 - 5


def test_an_object_whose_parts_a_function_has_no_time_for_is_too_large_and_says_which_time_out_it_takes() -> None:
    sizes = PartSizes(threshold=256 * MEBIBYTE, part=64 * MEBIBYTE, largest=largest_part(60))

    assert part_size("s3://in/k", 10_000 * 1800 * MEBIBYTE, sizes) == 1800 * MEBIBYTE
    with pytest.raises(PermanentError, match="the copier needs a timeoutSeconds of 61 for one; set it") as raised:
        part_size("s3://in/k", 10_000 * 1800 * MEBIBYTE + 1, sizes)
    assert raised.value.reason == "TooLarge"


@pytest.mark.parametrize("timeout_s", [60, 120, 296])
def test_a_function_has_time_for_the_largest_copy_that_it_is_said_to_have_time_for(timeout_s: int) -> None:
    assert seconds_for(largest_copy(timeout_s)) == timeout_s


def test_no_function_is_said_to_have_time_for_more_than_s3_takes_at_once() -> None:
    assert largest_copy(900) == LARGEST_PART


def test_more_parts_than_s3_takes_are_never_counted_out() -> None:
    with pytest.raises(PermanentError, match="more than the 10,000 parts"):
        next(parts(50 * 1024**4, 1))
