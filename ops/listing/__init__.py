"""Owns the fast listing of a bucket: every object in the order of keys, many pages asked for at once."""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ops.listing.pages import Listed, Pages, is_archived
from ops.listing.stretches import Stretches

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["WORKERS", "Listed", "is_archived", "list_objects"]

# How many pages are asked for at once. S3 takes 5,500 reads/s per prefix; a page costs this side about 4 ms of CPU.
WORKERS = 8


def list_objects(
    s3: "S3Client", bucket: str, *, prefixes: Sequence[str] = ("",), start_after: str = "", workers: int = WORKERS
) -> Generator[Listed, None, None]:
    """Every object whose key begins with one of `prefixes`, once, in the order of keys (that of UTF-8, as S3 lists).

    A few pages for each worker are in memory. Who stops before the end closes it.

    Args:
        s3: a client for as many connections as `workers`; from then on, it answers ListObjectsV2 as `Pages` needs it.
        prefixes: may overlap; none at all means no object.
        start_after: only keys after this one; it need not be there.

    Raises:
        CopytrailError: while iterating, S3 did not answer, or refused.
    """
    executor = ThreadPoolExecutor(workers, thread_name_prefix=f"list-{bucket}")
    try:
        for page in Stretches(Pages(s3, bucket).after, executor, prefixes, start_after, workers=workers):
            yield from page
    finally:
        executor.shutdown(cancel_futures=True)
