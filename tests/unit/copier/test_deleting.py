"""Deletions follow as delete markers: never for good, and never over a newer upload."""

import pytest
from msgspec import structs

from services.copier.deleting import Deleted
from services.copier.rounds import Copied, Order, Result, Skipped
from shared.errors import PermanentError, Reason
from shared.events import Upload
from shared.routes import Route
from tests.fakes.clock import FakeClock
from tests.fakes.copying import a_journey
from tests.fakes.s3 import FakeS3

FOLLOWING = Route(source_bucket="in", destination_bucket="out", deletes=True)


class Scene:
    def __init__(self, *, versioned: tuple[str, ...] = ("out",)) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock, versioned=versioned)
        self.journey = a_journey(self.s3, self.clock)

    def upload(self, body: bytes) -> Upload:
        upload = self.s3.upload("in", "k", body)
        self.clock.sleep(5)
        return upload

    def delete(self) -> Upload:
        """What S3's event of the deletion asks for."""
        self.s3.delete("in", "k")
        self.clock.sleep(5)
        return Upload(bucket="in", key="k", etag="", size=0, uploaded_at=self.clock.now, sequencer="F")

    def bring(self, upload: Upload, *, retried: bool = False) -> Result | Deleted:
        return self.journey.bring_over(Order(upload, FOLLOWING, lambda: 900, retried=retried))

    @property
    def destination(self) -> bytes | None:
        held = self.s3.at("s3://out/k")
        return held.body if held else None


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_deletion_follows_as_a_marker_that_removes_nothing(scene: Scene) -> None:
    scene.bring(scene.upload(b"A"))

    result = scene.bring(scene.delete())

    assert isinstance(result, Deleted)
    assert result.destination.version_id
    assert scene.destination is None
    assert [stored.body for (place, _), stored in scene.s3.versions.items() if place.bucket == "out"] == [b"A"]


def test_a_deletion_delivered_twice_ends_the_same_way(scene: Scene) -> None:
    scene.bring(scene.upload(b"A"))
    deletion = scene.delete()

    assert isinstance(scene.bring(deletion), Deleted)
    assert isinstance(scene.bring(deletion, retried=True), Deleted)


def test_a_key_uploaded_again_is_not_deleted(scene: Scene) -> None:
    scene.bring(scene.upload(b"A"))
    deletion = scene.delete()
    scene.bring(scene.upload(b"B"))

    result = scene.bring(deletion)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert scene.destination == b"B"


def test_a_bucket_that_keeps_no_versions_loses_nothing() -> None:
    scene = Scene(versioned=())
    scene.bring(scene.upload(b"A"))

    with pytest.raises(PermanentError, match="would be for good") as raised:
        scene.bring(scene.delete())
    assert raised.value.reason == Reason.DESTINATION_NOT_VERSIONED
    assert scene.destination == b"A"


def test_an_upload_copied_while_the_marker_is_put_stays(scene: Scene) -> None:
    scene.bring(scene.upload(b"A"))
    deletion = scene.delete()

    def uploaded_again() -> None:
        scene.bring(scene.upload(b"B"))

    scene.s3.before["commit"] = [uploaded_again]

    assert isinstance(scene.bring(deletion), Skipped)
    assert scene.destination == b"B"


def test_the_same_bytes_copied_again_under_the_marker_are_brought_back(scene: Scene) -> None:
    """If-Match sees the ETag that it expects, and puts the marker on top of a newer upload."""
    scene.bring(scene.upload(b"A"))
    deletion = scene.delete()

    def uploaded_again() -> None:
        scene.s3.before.pop("commit")
        scene.bring(scene.upload(b"A"))

    scene.s3.before["commit"] = [uploaded_again]

    assert isinstance(scene.bring(deletion), Deleted)
    assert scene.destination == b"A"


def test_a_redelivered_deletion_that_is_superseded_brings_the_newest_back_first(scene: Scene) -> None:
    """The earlier try may have died between its marker and its look."""
    scene.bring(scene.upload(b"A"))
    deletion = scene.delete()
    scene.upload(b"B")

    assert isinstance(scene.bring(deletion, retried=True), Skipped)
    assert scene.destination == b"B"


def test_a_copy_that_comes_after_its_deletion_was_followed_is_taken_back(scene: Scene) -> None:
    upload = scene.upload(b"A")
    scene.s3.before["commit"] = [lambda: scene.bring(scene.delete())]

    assert isinstance(scene.bring(upload), Copied)
    assert scene.destination is None


def test_an_upload_redelivered_after_its_deletion_leaves_no_copy(scene: Scene) -> None:
    upload = scene.upload(b"A")
    scene.bring(upload)
    scene.s3.delete("in", "k")

    assert isinstance(scene.bring(upload, retried=True), Skipped)
    assert scene.destination is None


def test_without_the_option_nothing_is_ever_deleted(scene: Scene) -> None:
    route = structs.replace(FOLLOWING, deletes=False)
    upload = scene.upload(b"A")
    scene.journey.bring_over(Order(upload, route, lambda: 900))
    scene.s3.delete("in", "k")

    scene.journey.bring_over(Order(upload, route, lambda: 900, retried=True))

    assert scene.destination == b"A"
