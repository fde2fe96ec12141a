"""The never-backwards rule, in the histories that break simpler rules."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec import structs

from services.copier.model import Copied, CopyCommand, Skipped
from services.copier.newest_only import NewestOnly
from shared.errors import PermanentError, Reason, TransientError
from shared.events import Upload
from shared.routes import Route
from tests.fakes.clock import FakeClock
from tests.fakes.copying import a_newest_only
from tests.fakes.s3 import FakeS3

ROUTE = Route(source_bucket="in", destination_bucket="out")


class Scene:
    """One source bucket, one destination bucket, one copier."""

    def __init__(self, *, versioned: tuple[str, ...] = ()) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock, versioned=versioned)
        self.warnings: list[tuple[str, dict[str, str]]] = []
        self.route = ROUTE
        self.newest_only = a_newest_only(
            self.s3, self.clock, warn=lambda text, details: self.warnings.append((text, details))
        )

    def _warn(self, text: str, details: dict[str, str]) -> None:
        self.warnings.append((text, details))

    def upload(self, body: bytes, *, key: str = "k", metadata: dict[str, str] | None = None) -> Upload:
        self.clock.sleep(5)
        return self.s3.upload("in", key, body, metadata=metadata)

    def later(self, seconds: float = 5) -> None:
        self.clock.sleep(seconds)

    def copy(self, upload: Upload, *, retried: bool = False) -> Copied | Skipped:
        return copy(self.newest_only, upload, self.route, retried=retried)

    def copied_elsewhere(self, upload: Upload) -> Callable[[], object]:
        """Another copier's whole run for this upload."""
        return lambda: copy(a_newest_only(self.s3, self.clock), upload)

    @property
    def destination(self) -> bytes | None:
        held = self.s3.at("s3://out/k")
        return held.body if held else None


def copy(newest_only: NewestOnly, upload: Upload, route: Route = ROUTE, *, retried: bool = False) -> Copied | Skipped:
    return newest_only.copy(CopyCommand(upload, route, seconds_left=lambda: 900, retried=retried))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_new_key_costs_one_request(scene: Scene) -> None:
    upload = scene.upload(b"A")

    result = scene.copy(upload)

    assert isinstance(result, Copied)
    assert result.destination.etag == upload.etag
    assert scene.destination == b"A"
    assert scene.s3.requests == ["copy"]


def test_an_overwrite_replaces_the_older_upload(scene: Scene) -> None:
    scene.copy(scene.upload(b"A"))
    newer = scene.upload(b"B")
    scene.later()

    assert isinstance(scene.copy(newer), Copied)
    assert scene.destination == b"B"
    assert scene.s3.requests[1:] == ["copy", "head_destination", "head_object", "copy", "head_object"]


def test_an_older_upload_is_superseded_and_touches_nothing(scene: Scene) -> None:
    older, newer = scene.upload(b"A"), scene.upload(b"B")
    scene.copy(newer)

    result = scene.copy(older)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert scene.destination == b"B"


def test_an_older_upload_is_superseded_even_when_the_newer_one_is_not_copied_yet(scene: Scene) -> None:
    older = scene.upload(b"A")
    scene.upload(b"B")

    assert isinstance(scene.copy(older), Skipped)
    assert scene.destination is None


def test_a_superseded_redelivery_copies_the_newest_first(scene: Scene) -> None:
    older = scene.upload(b"A")
    scene.copy(older)
    scene.upload(b"B")
    scene.later()

    result = scene.copy(older, retried=True)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert scene.destination == b"B"


def test_a_newer_upload_copied_between_our_snapshot_and_our_commit_stays(scene: Scene) -> None:
    scene.copy(scene.upload(b"0"))
    older = scene.upload(b"A")
    scene.later()

    def overtaken() -> None:
        newer = scene.upload(b"B")
        scene.later()
        scene.copied_elsewhere(newer)()

    scene.s3.before["commit"] = [lambda: None, overtaken]

    scene.copy(older)

    assert scene.destination == b"B"


def test_contents_that_return_do_not_end_stale(scene: Scene) -> None:
    """A → B → A at the destination while our copy of B is under way: If-Match alone sees nothing."""
    scene.copy(scene.upload(b"A"))
    ours = scene.upload(b"B")
    scene.later()

    def toggled() -> None:
        scene.s3.before.pop("commit")
        scene.copied_elsewhere(ours)()
        again = scene.upload(b"A")
        scene.later()
        scene.copied_elsewhere(again)()

    scene.s3.before["commit"] = [lambda: None, toggled]

    result = scene.copy(ours)

    assert isinstance(result, Copied)
    assert scene.destination == b"A"


def test_the_same_bytes_uploaded_again_with_other_metadata_do_not_end_stale(scene: Scene) -> None:
    scene.copy(scene.upload(b"A", metadata={"n": "0"}))
    ours = scene.upload(b"A", metadata={"n": "1"})
    scene.later()

    def again() -> None:
        scene.s3.before.pop("commit")
        newer = scene.upload(b"A", metadata={"n": "2"})
        scene.later()
        scene.copied_elsewhere(newer)()

    scene.s3.before["commit"] = [lambda: None, again]

    scene.copy(ours)

    held = scene.s3.at("s3://out/k")
    assert held is not None
    assert dict(held.metadata) == {"n": "2"}


def test_a_multipart_upload_that_looks_older_than_it_is_does_not_end_stale(scene: Scene) -> None:
    """Same bytes, other metadata, and a LastModified from before our read of the destination."""
    scene.copy(scene.upload(b"A", metadata={"n": "0"}))
    ours = scene.upload(b"A", metadata={"n": "1"})
    initiated_at = scene.clock.now
    scene.later()

    def completed() -> None:
        scene.s3.before.pop("commit")
        newer = scene.s3.upload("in", "k", b"A", metadata={"n": "2"}, initiated_at=initiated_at)
        scene.copied_elsewhere(newer)()

    scene.s3.before["commit"] = [lambda: None, completed]

    scene.copy(ours)

    held = scene.s3.at("s3://out/k")
    assert held is not None
    assert dict(held.metadata) == {"n": "2"}


def test_an_overwrite_in_the_second_of_its_upload_waits_that_second_out(scene: Scene) -> None:
    """Another upload of the same bytes in that second would look the same."""
    scene.copy(scene.upload(b"A"))
    newer = scene.upload(b"B")
    before = scene.clock.now

    assert isinstance(scene.copy(newer), Copied)
    assert scene.clock.now - before == timedelta(seconds=1)
    assert scene.destination == b"B"
    assert scene.s3.requests.count("copy") == 3


def test_an_upload_deleted_before_the_copy_is_skipped(scene: Scene) -> None:
    upload = scene.upload(b"A")
    scene.s3.delete("in", "k")

    result = scene.copy(upload)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SOURCE_DELETED
    assert scene.destination is None


def test_a_source_deleted_right_after_the_overwrite_leaves_the_copy_copied(scene: Scene) -> None:
    scene.copy(scene.upload(b"A"))
    upload = scene.upload(b"B")
    scene.later()
    scene.s3.before["head_object"] = [lambda: None, lambda: scene.s3.delete("in", "k")]

    assert isinstance(scene.copy(upload), Copied)
    assert scene.destination == b"B"


def test_a_destination_that_others_keep_changing_is_contended(scene: Scene) -> None:
    upload = scene.upload(b"A")
    scene.s3.before["commit"] = [
        lambda n=n: scene.s3.upload("out", "k", f"other {n}".encode())  # type: ignore[misc]
        for n in range(20)
    ]

    with pytest.raises(TransientError, match="changed by others in each of 8 attempts") as raised:
        scene.copy(upload)
    assert raised.value.reason == Reason.CONTENDED


def test_an_archived_object_is_permanent_and_says_what_to_do(scene: Scene) -> None:
    upload = scene.s3.upload("in", "k", b"A", storage_class="GLACIER")

    with pytest.raises(PermanentError, match="Restore the object: the copy then runs by itself") as raised:
        scene.copy(upload)
    assert raised.value.reason == Reason.ARCHIVED


def test_an_upload_that_a_decoded_key_may_mean_is_told_beside_the_one_that_is_gone(scene: Scene) -> None:
    stored = scene.upload(b"A", key="my file+1.txt")
    told = Upload(
        bucket="in", key="my+file%2B1.txt", etag=stored.etag, size=1, uploaded_at=stored.uploaded_at, sequencer="1"
    )

    result = scene.copy(told)

    assert isinstance(result, Skipped)
    assert (result.reason, result.destination.key) == (Reason.SOURCE_DELETED, "my+file%2B1.txt")
    assert result.decoded == structs.replace(told, key="my file+1.txt")
    assert scene.s3.at("s3://out/my file+1.txt") is None
    assert scene.warnings == [
        ("the event's key may be URL-encoded", {"key": "my+file%2B1.txt", "decoded_key": "my file+1.txt"})
    ]


def test_a_decoded_key_with_other_contents_is_not_taken_for_the_upload(scene: Scene) -> None:
    scene.upload(b"unrelated", key="a b")
    gone = scene.upload(b"A", key="a+b")
    scene.s3.delete("in", "a+b")

    result = scene.copy(gone)

    assert isinstance(result, Skipped)
    assert (result.reason, result.decoded) == (Reason.SOURCE_DELETED, None)


def test_a_key_that_really_contains_percent_20_is_copied_as_it_is(scene: Scene) -> None:
    upload = scene.upload(b"A", key="a%20b")

    assert isinstance(scene.copy(upload), Copied)
    assert scene.s3.at("s3://out/a%20b") is not None
    assert scene.warnings == []


def test_a_versioned_upload_superseded_by_the_same_bytes_is_not_said_to_be_copied() -> None:
    scene = Scene(versioned=("in", "out"))
    older, newer = scene.upload(b"A"), scene.upload(b"A")
    scene.later()

    assert isinstance(scene.copy(older), Skipped)
    assert isinstance(scene.copy(newer), Copied)
    held = scene.s3.at("s3://out/k")
    assert held is not None
    assert held.body == b"A"


def test_contents_that_return_on_versioned_buckets_are_told_by_their_version_ids() -> None:
    scene = Scene(versioned=("in", "out"))
    scene.copy(scene.upload(b"A"))
    ours = scene.upload(b"B")
    scene.later()

    def toggled() -> None:
        scene.s3.before.pop("commit")
        scene.copied_elsewhere(ours)()
        again = scene.upload(b"A")
        scene.copied_elsewhere(again)()

    scene.s3.before["commit"] = [lambda: None, toggled]

    assert isinstance(scene.copy(ours), Copied)
    assert scene.destination == b"A"


def test_a_newer_upload_that_the_route_is_not_meant_for_is_not_copied(scene: Scene) -> None:
    scene.route = Route(source_bucket="in", destination_bucket="out", max_size=5)
    older = scene.upload(b"A")
    scene.upload(b"too large for the route")

    result = scene.copy(older, retried=True)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert scene.destination is None


def test_a_newer_upload_that_cannot_be_copied_does_not_fail_the_older_one(scene: Scene) -> None:
    older = scene.upload(b"A")
    scene.s3.upload("in", "k", b"B", storage_class="GLACIER")
    scene.later()

    result = scene.copy(older, retried=True)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED


def test_an_object_renamed_to_the_decoded_key_is_not_taken_for_the_upload(scene: Scene) -> None:
    """Same bytes under the decoded key, but from after the event."""
    upload = scene.upload(b"A", key="a+b")
    scene.s3.delete("in", "a+b")
    scene.upload(b"A", key="a b")

    result = scene.copy(upload)

    assert isinstance(result, Skipped)
    assert (result.reason, result.decoded) == (Reason.SOURCE_DELETED, None)


def test_a_decoded_key_that_is_off_the_route_is_not_looked_for(scene: Scene) -> None:
    scene.route = Route(source_bucket="in", destination_bucket="out", prefixes=("a+",))
    stored = scene.upload(b"A", key="a b")
    told = structs.replace(stored, key="a+b")

    result = scene.copy(told)

    assert isinstance(result, Skipped)
    assert result.decoded is None


def test_a_thread_that_lambda_thaws_after_its_time_copies_nothing(scene: Scene) -> None:
    command = CopyCommand(scene.upload(b"A"), ROUTE, seconds_left=lambda: -3)

    with pytest.raises(TransientError, match="time was over"):
        scene.newest_only.copy(command)
    assert scene.destination is None


def test_lost_attempts_are_followed_by_a_backoff(scene: Scene) -> None:
    backoffs: list[int] = []
    scene.newest_only = a_newest_only(scene.s3, scene.clock, backoff=backoffs.append)
    scene.copy(scene.upload(b"A"))
    newer = scene.upload(b"B")
    scene.later()

    scene.copy(newer)

    assert backoffs == [0]
