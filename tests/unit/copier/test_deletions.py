"""Deletions follow as delete markers: never for good, and never over a newer upload."""

import pytest
from msgspec import structs

from services.copier.worker import CopyWorker, Failed, Finished
from shared.errors import Reason
from shared.events import Completion, Outcome, Upload
from shared.routes import Route
from tests.fakes.bodies import object_created, object_deleted
from tests.fakes.clock import FakeClock
from tests.fakes.copying import a_copy_worker
from tests.fakes.s3 import FakeS3
from tests.fakes.sqs import message

FOLLOWING = Route(source_bucket="in", destination_bucket="out", deletes=True)


class Copier:
    """A copier whose route follows deletions."""

    def __init__(self, *, versioned: tuple[str, ...] = ("out",)) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock, versioned=versioned)
        self.worker = self.a_worker(FOLLOWING)

    def a_worker(self, route: Route) -> CopyWorker:
        return a_copy_worker(self.s3, self.clock, routes=[route], bus=None, queue=None, telemetry=None)

    def upload(self, body: bytes) -> Upload:
        upload = self.s3.upload("in", "k", body)
        self.clock.sleep(5)
        return upload

    def delete(self) -> Upload:
        """What S3's event of the deletion asks for."""
        self.s3.delete("in", "k")
        self.clock.sleep(5)
        return Upload(bucket="in", key="k", etag="", size=0, uploaded_at=self.clock.now, sequencer="F")

    def copy(self, upload: Upload, *, retried: bool = False) -> Completion:
        """What becomes of a message that asks for this."""
        return self.finish(self.worker, upload, retried=retried)

    def finish(self, worker: CopyWorker, upload: Upload, *, retried: bool = False) -> Completion:
        body = object_deleted(upload) if upload.is_deletion else object_created(upload)
        performed = worker.perform(message(body, receive_count=2 if retried else 1), lambda: 900)
        assert isinstance(performed, Finished)
        return performed.completion

    @property
    def destination(self) -> bytes | None:
        held = self.s3.at("s3://out/k")
        return held.body if held else None


@pytest.fixture
def copier() -> Copier:
    return Copier()


def test_a_deletion_follows_as_a_marker_that_removes_nothing(copier: Copier) -> None:
    copier.copy(copier.upload(b"A"))

    result = copier.copy(copier.delete())

    assert result.outcome is Outcome.DELETED
    assert result.destination
    assert result.destination.version_id
    assert copier.destination is None
    assert [stored.body for (place, _), stored in copier.s3.versions.items() if place.bucket == "out"] == [b"A"]


def test_a_deletion_delivered_twice_ends_the_same_way(copier: Copier) -> None:
    copier.copy(copier.upload(b"A"))
    deletion = copier.delete()

    assert copier.copy(deletion).outcome is Outcome.DELETED
    assert copier.copy(deletion, retried=True).outcome is Outcome.DELETED


def test_a_key_uploaded_again_is_not_deleted(copier: Copier) -> None:
    copier.copy(copier.upload(b"A"))
    deletion = copier.delete()
    copier.copy(copier.upload(b"B"))

    result = copier.copy(deletion)

    assert result.outcome is Outcome.SKIPPED
    assert result.reason == Reason.SUPERSEDED
    assert copier.destination == b"B"


def test_a_bucket_that_keeps_no_versions_loses_nothing() -> None:
    copier = Copier(versioned=())
    copier.copy(copier.upload(b"A"))

    failed = copier.worker.perform(message(object_deleted(copier.delete())), lambda: 900)

    assert isinstance(failed, Failed)
    assert failed.error.reason == Reason.DESTINATION_NOT_VERSIONED
    assert "would be for good" in failed.error.message
    assert copier.destination == b"A"


def test_an_upload_copied_while_the_marker_is_put_stays(copier: Copier) -> None:
    copier.copy(copier.upload(b"A"))
    deletion = copier.delete()

    def uploaded_again() -> None:
        copier.copy(copier.upload(b"B"))

    copier.s3.before["commit"] = [uploaded_again]

    assert copier.copy(deletion).outcome is Outcome.SKIPPED
    assert copier.destination == b"B"


def test_the_same_bytes_copied_again_under_the_marker_are_brought_back(copier: Copier) -> None:
    """If-Match sees the ETag that it expects, and puts the marker on top of a newer upload."""
    copier.copy(copier.upload(b"A"))
    deletion = copier.delete()

    def uploaded_again() -> None:
        copier.s3.before.pop("commit")
        copier.copy(copier.upload(b"A"))

    copier.s3.before["commit"] = [uploaded_again]

    assert copier.copy(deletion).outcome is Outcome.DELETED
    assert copier.destination == b"A"


def test_a_redelivered_deletion_that_is_superseded_copies_the_newest_first(copier: Copier) -> None:
    """The earlier try may have died between its marker and its last HEAD of the source."""
    copier.copy(copier.upload(b"A"))
    deletion = copier.delete()
    copier.upload(b"B")

    assert copier.copy(deletion, retried=True).outcome is Outcome.SKIPPED
    assert copier.destination == b"B"


def test_a_copy_that_comes_after_its_deletion_was_followed_is_taken_back(copier: Copier) -> None:
    upload = copier.upload(b"A")
    copier.s3.before["commit"] = [lambda: copier.copy(copier.delete())]

    assert copier.copy(upload).outcome is Outcome.COPIED
    assert copier.destination is None


def test_an_upload_redelivered_after_its_deletion_leaves_no_copy(copier: Copier) -> None:
    upload = copier.upload(b"A")
    copier.copy(upload)
    copier.s3.delete("in", "k")

    assert copier.copy(upload, retried=True).outcome is Outcome.SKIPPED
    assert copier.destination is None


def test_without_the_option_nothing_is_ever_deleted(copier: Copier) -> None:
    route = structs.replace(FOLLOWING, deletes=False)
    upload = copier.upload(b"A")
    worker = copier.a_worker(route)
    copier.finish(worker, upload)
    copier.s3.delete("in", "k")

    copier.finish(worker, upload, retried=True)

    assert copier.destination == b"A"
