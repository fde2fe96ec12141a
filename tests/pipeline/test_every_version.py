"""Routes of every version: the history of a key arrives whole, whatever the order of delivery."""

import json

from shared.events import Outcome
from tests.pipeline.trail import Trail

CONTEXT = {
    "buckets": {"source": {"versioned": True}, "destination": {"versioned": True}},
    "routes": [{"from": "source", "to": "destination", "versions": "every"}],
}


def history(trail: Trail, bucket: str, key: str) -> list[bytes]:
    """Every version of a key, the oldest first."""
    versions = trail.s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return [
        trail.s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])["Body"].read()
        for version in reversed(versions)
    ]


def test_every_version_is_copied_in_the_order_of_upload(trail: Trail) -> None:
    bodies = [f"version {number}".encode() for number in range(6)]
    for body in bodies:
        trail.upload("many", body)
    trail.skip_delays_until_quiet()

    assert history(trail, trail.destination, "many") == bodies
    records = trail.records("many")
    assert [record.outcome for record in records] == [Outcome.COPIED] * 6
    assert len({record.destination_version_id for record in records}) == 6
    assert len({record.source_version_id for record in records}) == 6


def test_versions_that_are_delivered_the_wrong_way_round_are_copied_the_right_way_round(trail: Trail) -> None:
    trail.copier.pause()
    for number in range(4):
        trail.upload("reversed", b"version %d" % number)
    trail.wait_a_moment()
    bodies = [message["Body"] for message in trail.take_all("CopyQueueUrl")]
    bodies.sort(key=lambda body: json.loads(body)["detail"]["object"]["sequencer"].upper(), reverse=True)
    trail.copier.resume()
    for body in bodies:
        trail.send(body)
        trail.skip_delays_until_quiet()

    assert history(trail, trail.destination, "reversed") == [b"version %d" % number for number in range(4)]
    assert [record.outcome for record in trail.records("reversed")] == [Outcome.COPIED] * 4
