"""The system with everything on that hardens it: it copies, records and replays as ever."""

from shared.events import Outcome
from tests.infra.hardened import HARDENED
from tests.pipeline.trail import Trail

CONTEXT = HARDENED


def test_what_overwrites_a_copy_leaves_the_older_one_to_go_back_to(trail: Trail) -> None:
    trail.upload("plan", b"good")
    trail.wait_until_quiet()
    trail.upload("plan", b"bad")
    trail.wait_until_quiet()

    assert trail.copy_of("plan") == b"bad"
    first, second = sorted(trail.records("plan"), key=lambda record: record.finished_at)
    assert (first.outcome, second.outcome) == (Outcome.COPIED, Outcome.COPIED)
    older = trail.s3.get_object(Bucket=trail.destination, Key="plan", VersionId=str(first.destination_version_id))
    assert older["Body"].read() == b"good"
