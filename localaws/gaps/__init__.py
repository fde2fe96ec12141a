"""What moto does otherwise than AWS where copytrail can tell: one file for each service or feature of AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from threading import Lock

from localaws.gaps import (
    cloudformation,
    cloudformation_order,
    dynamodb,
    event_source_mappings,
    eventbridge,
    s3_checksums,
    s3_copies,
    s3_customer_keys,
    s3_encodings,
    s3_events,
    s3_multipart,
    s3_notifications,
    s3_requests,
    sqs,
)
from localaws.gaps.patching import patched

_FAMILIES = (
    s3_checksums,
    s3_copies,
    s3_multipart,
    s3_customer_keys,
    s3_encodings,
    s3_events,
    s3_notifications,
    s3_requests,
    eventbridge,
    event_source_mappings,
    sqs,
    dynamodb,
    cloudformation_order,
    cloudformation,
)


_one_at_a_time = Lock()


@contextmanager
def gaps_closed() -> Iterator[None]:
    """Make moto, in this process, behave as AWS does until the end of the block.

    Raises:
        RuntimeError: they are closed already.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise RuntimeError("moto's gaps are closed already in this process")
    try:
        with patched(chain.from_iterable(family.patches() for family in _FAMILIES)):
            yield
    finally:
        _one_at_a_time.release()
