"""The bill of a million uploads with what people use in copytrail's place."""

from benchmarks.cost.bill import ANSWERS_S, BYTES_PER_SECOND, GIB, MILLION
from ops.backfill.prices import PRICES

_LARGEST_COPY_OBJECT = 5 * GIB
_LONGEST_FUNCTION_S = 900
# A function as the console makes it: 128 MB on x86.
_NAIVE_GB = 128 / 1024
_HOURS_A_MONTH = 730


def naive_lambda(size: int) -> float | None:
    """S3 calls a function, which calls CopyObject, once; None where CopyObject does not take so much."""
    if size > _LARGEST_COPY_OBJECT or size / BYTES_PER_SECOND > _LONGEST_FUNCTION_S:
        return None
    running = _NAIVE_GB * (ANSWERS_S["CopyObject"] + size / BYTES_PER_SECOND)
    each = PRICES["s3 write STANDARD"] + PRICES["lambda request"] + running * PRICES["lambda x86"]
    return MILLION * each


def replication(size: int, *, time_control: bool) -> float:
    """S3 Replication within a region: at least a PUT each; AWS does not say how many an object of parts takes."""
    by_size = size / GIB * PRICES["replication time control"] if time_control else 0
    return MILLION * (PRICES["s3 write STANDARD"] + by_size)


def datasync(size: int) -> float:
    """DataSync in enhanced mode, every hour of a month: at least a GET, a HEAD and a PUT each."""
    each = size / GIB * PRICES["datasync"] + PRICES["s3 write STANDARD"] + 2 * PRICES["s3 read"]
    return MILLION * each + _HOURS_A_MONTH * PRICES["datasync execution"]
