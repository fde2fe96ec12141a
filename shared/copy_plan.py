"""How an object of a given size is copied: in one request, or in parts of which size; and how long that takes."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import PermanentError, Reason

MEBIBYTE = 1024**2
GIBIBYTE = 1024**3

# "Amazon S3 multipart upload limits", S3 user guide. What S3 calls 5 GB it counts as 5 GiB.
LARGEST_SINGLE_COPY = 5 * GIBIBYTE
SMALLEST_PART = 5 * MEBIBYTE
LARGEST_PART = 5 * GIBIBYTE
MOST_PARTS = 10_000
LARGEST_OBJECT = MOST_PARTS * LARGEST_PART

# What one request copies in a second: a stream moves 60 to 75 MiB, and one that crawls a third of that.
_USUAL = 60 * MEBIBYTE
_SLOWEST = 20 * MEBIBYTE
# What a part has to spare at the usual pace.
_SPARE_S = 10
# What an invocation takes beside one copy: to start, to read both ends, and to publish the outcome.
_AROUND_A_COPY_S = 40
_AROUND_A_PART_S = 20 + _SPARE_S


@dataclass(frozen=True)
class PartSizes:
    """From how many bytes on an object is copied in parts, how many a part has at least, and how many at most."""

    threshold: int
    part: int
    largest: int = LARGEST_PART


@dataclass(frozen=True)
class Part:
    """One part: its number from 1 on, and the offsets of its first and last byte."""

    number: int
    first: int
    last: int


def part_size(url: str, size: int, sizes: PartSizes) -> int | None:
    """The size of the parts in which to copy `size` bytes; None for a single copy.

    Parts grow in whole MiB, so that 10,000 of them always suffice.

    Raises:
        PermanentError: `TooLarge`; no 10,000 parts of 5 GiB hold so much, or a function has no time for one that does.
    """
    if size <= sizes.threshold:
        return None
    if size > LARGEST_OBJECT:
        problem = f"{url} has {size:,} bytes; S3 copies at most {LARGEST_OBJECT:,}, in {MOST_PARTS:,} parts of 5 GiB"
        raise PermanentError(Reason.TOO_LARGE, problem)
    if size <= sizes.part * MOST_PARTS:
        return sizes.part
    needed = -(-size // (MOST_PARTS * MEBIBYTE)) * MEBIBYTE
    if needed > sizes.largest:
        problem = (
            f"{url} has {size:,} bytes, and takes parts of {needed // MEBIBYTE:,} MiB: the copier needs a"
            f" timeoutSeconds of {_AROUND_A_PART_S + -(-needed // _USUAL)} for one; set it, and replay the message"
        )
        raise PermanentError(Reason.TOO_LARGE, problem)
    return needed


def seconds_to_copy(size: int) -> float:
    """How long one request may take to copy so many bytes: even at a crawl, or else with time to spare."""
    return min(size / _SLOWEST, _SPARE_S + size / _USUAL)


def largest_part(timeout_s: int) -> int:
    """How many bytes a part may have that a function with such a time-out has time to copy, with time to spare."""
    return min(LARGEST_PART, (timeout_s - _AROUND_A_PART_S) * _USUAL)


def seconds_for(size: int) -> int:
    """How long an invocation must be allowed to take, for one request that copies so many bytes to end at a crawl."""
    return _AROUND_A_COPY_S + -(-size // _SLOWEST)


def largest_copy(timeout_s: int) -> int:
    """How many bytes a function with such a time-out copies in one request even at a crawl."""
    return min(LARGEST_PART, (timeout_s - _AROUND_A_COPY_S) * _SLOWEST)


def part_count(size: int, sizes: PartSizes) -> int:
    """In how many parts so many bytes are copied; 1 for a single copy.

    Raises:
        PermanentError: `TooLarge`.
    """
    bytes_each = part_size(f"an object of {size:,} bytes", size, sizes)
    return 1 if bytes_each is None else -(-size // bytes_each)


def parts(size: int, bytes_each: int) -> Iterator[Part]:
    """The parts of `size` bytes, each of `bytes_each` but the last, which has what is left.

    Raises:
        PermanentError: `TooLarge`; these would be more than 10,000.
    """
    if size > bytes_each * MOST_PARTS:
        problem = f"{size:,} bytes in parts of {bytes_each:,} are more than the {MOST_PARTS:,} parts that S3 takes"
        raise PermanentError(Reason.TOO_LARGE, problem)
    for number, first in enumerate(range(0, size, bytes_each), start=1):
        yield Part(number, first, min(first + bytes_each, size) - 1)
