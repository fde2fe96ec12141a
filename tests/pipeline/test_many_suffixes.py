"""A route whose filters take several EventBridge rules copies each upload once, as one with a single rule does."""

from shared.events import Outcome
from tests.pipeline.trail import Trail

SUFFIXES = [f".{letter}" for letter in "abcdefghijkl"]
CONTEXT = {
    # `in/old/` is within `in/`: an upload there must not be let through twice.
    "routes": [{"from": "source", "to": "destination", "prefixes": ["in/", "in/old/"], "suffixes": SUFFIXES}],
}


def test_every_upload_is_copied_once_whichever_rule_lets_it_through(trail: Trail) -> None:
    keys = [f"in/{name}{suffix}" for suffix in SUFFIXES for name in ("key", "old/key")]
    trail.copier.pause()
    for key in (*keys, "in/other.z", "out/key.a"):
        trail.upload(key)
    assert len(trail.aws.client("events").list_rules(NamePrefix="copytrail-")["Rules"]) == 3
    waiting = trail.sqs.get_queue_attributes(
        QueueUrl=trail.outputs["CopyQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert int(waiting["Attributes"]["ApproximateNumberOfMessages"]) == len(keys)

    trail.copier.resume()
    trail.wait_until_quiet()

    for key in keys:
        assert trail.copy_of(key) == b"body"
        assert [record.outcome for record in trail.records(key)] == [Outcome.COPIED]
    assert trail.copy_of("in/other.z") is None
    assert trail.copy_of("out/key.a") is None
