"""Archived objects: they fail with a hint, and are copied by themselves when they have been restored."""

from shared.events import Outcome, Trigger
from tests.pipeline.trail import Trail


def test_a_restored_object_is_copied_by_itself(trail: Trail) -> None:
    trail.upload("frozen", b"ice", StorageClass="GLACIER")
    trail.wait_until_quiet()
    [letter] = trail.letters()
    assert (letter["Reason"], "the copy then runs by itself" in letter["Message"]) == ("Archived", True)

    trail.s3.restore_object(Bucket=trail.source, Key="frozen", RestoreRequest={"Days": 1})
    # moto completes a restore when somebody looks.
    trail.s3.head_object(Bucket=trail.source, Key="frozen")
    trail.skip_delays_until_quiet()

    assert trail.copy_of("frozen") == b"ice"
    failed, copied = sorted(trail.records("frozen"), key=lambda record: record.finished_at)
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, "Archived")
    assert (copied.outcome, copied.trigger) == (Outcome.COPIED, Trigger.RESTORE)
