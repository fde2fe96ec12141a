"""Deletions follow to a versioned destination, when the route says so."""

from shared.events import Outcome
from tests.pipeline.trail import Trail

CONTEXT = {
    "buckets": {"destination": {"name": "devops-private-28593", "versioned": True}},
    "routes": [{"from": "source", "to": "destination", "deletes": True}],
}


def test_a_deletion_follows_as_a_marker_and_has_a_record(trail: Trail) -> None:
    trail.upload("short-lived", b"precious")
    trail.wait_until_quiet()
    trail.s3.delete_object(Bucket=trail.source, Key="short-lived")
    trail.wait_until_quiet()

    assert trail.copy_of("short-lived") is None
    [kept] = trail.s3.list_object_versions(Bucket=trail.destination, Prefix="short-lived")["Versions"]
    body = trail.s3.get_object(Bucket=trail.destination, Key="short-lived", VersionId=kept["VersionId"])["Body"].read()
    assert body == b"precious"
    copied, deleted = sorted(trail.records("short-lived"), key=lambda record: record.finished_at)
    assert (copied.outcome, deleted.outcome) == (Outcome.COPIED, Outcome.DELETED)
    assert copied.destination_version_id == kept["VersionId"]
    assert deleted.destination_version_id not in (None, kept["VersionId"])


def test_a_key_that_is_uploaded_again_is_there_again(trail: Trail) -> None:
    trail.upload("back", b"1")
    trail.wait_until_quiet()
    trail.s3.delete_object(Bucket=trail.source, Key="back")
    trail.upload("back", b"2")
    trail.skip_delays_until_quiet()

    assert trail.copy_of("back") == b"2"
