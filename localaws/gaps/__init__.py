"""Owns the list of what moto does otherwise than AWS where copytrail can tell, and closes it, in this process."""

from localaws.gaps import (
    change_sets,
    event_bus,
    metrics,
    patching,
    queues,
    routing,
    s3_checksums,
    s3_copies,
    s3_customer_keys,
    s3_events,
    s3_multipart,
    s3_requests,
    s3_texts,
    table_exports,
    table_reads,
    tables,
)

_FAMILIES = (
    s3_checksums,
    s3_copies,
    s3_multipart,
    s3_customer_keys,
    s3_texts,
    s3_events,
    s3_requests,
    event_bus,
    queues,
    metrics,
    tables,
    table_reads,
    table_exports,
    change_sets,
    routing,
)


def close_gaps() -> None:
    """Make moto behave as AWS does, from now on and for the whole process; more than once does no harm."""
    if not patching.is_in_place():
        for family in _FAMILIES:
            family.close()


def reopen_gaps() -> None:
    """Give moto its own behaviour back, for tests that show what a gap is."""
    patching.undo_all()
