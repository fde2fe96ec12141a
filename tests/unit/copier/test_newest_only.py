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


class Copier:
    """One source bucket, one destination bucket, one copier."""

    def __init__(self, *, versioned: tuple[str, ...] = ()) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock, versioned=versioned)
        self.warnings: list[tuple[str, dict[str, str]]] = []
        self.route = ROUTE
        self.newest_only = a_newest_only(
            self.s3, self.clock, warn=lambda text, details: self.warnings.append((text, details))
        )

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
def copier() -> Copier:
    return Copier()


def test_a_new_key_costs_one_request(copier: Copier) -> None:
    upload = copier.upload(b"A")

    result = copier.copy(upload)

    assert isinstance(result, Copied)
    assert result.destination.etag == upload.etag
    assert copier.destination == b"A"
    assert copier.s3.requests == ["copy"]


def test_an_overwrite_replaces_the_older_upload(copier: Copier) -> None:
    copier.copy(copier.upload(b"A"))
    newer = copier.upload(b"B")
    copier.later()

    assert isinstance(copier.copy(newer), Copied)
    assert copier.destination == b"B"
    assert copier.s3.requests[1:] == ["copy", "head_destination", "head_object", "copy", "head_object"]


def test_an_older_upload_is_superseded_and_touches_nothing(copier: Copier) -> None:
    older, newer = copier.upload(b"A"), copier.upload(b"B")
    copier.copy(newer)

    result = copier.copy(older)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert copier.destination == b"B"


def test_an_older_upload_is_superseded_even_when_the_newer_one_is_not_copied_yet(copier: Copier) -> None:
    older = copier.upload(b"A")
    copier.upload(b"B")

    assert isinstance(copier.copy(older), Skipped)
    assert copier.destination is None


def test_a_superseded_redelivery_copies_the_newest_first(copier: Copier) -> None:
    older = copier.upload(b"A")
    copier.copy(older)
    copier.upload(b"B")
    copier.later()

    result = copier.copy(older, retried=True)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert copier.destination == b"B"


def test_a_newer_upload_copied_between_our_snapshot_and_our_commit_stays(copier: Copier) -> None:
    copier.copy(copier.upload(b"0"))
    older = copier.upload(b"A")
    copier.later()

    def overtaken() -> None:
        newer = copier.upload(b"B")
        copier.later()
        copier.copied_elsewhere(newer)()

    copier.s3.before["commit"] = [lambda: None, overtaken]

    copier.copy(older)

    assert copier.destination == b"B"


def test_contents_that_return_do_not_end_stale(copier: Copier) -> None:
    """A → B → A at the destination while our copy of B is under way: If-Match alone sees nothing."""
    copier.copy(copier.upload(b"A"))
    ours = copier.upload(b"B")
    copier.later()

    def toggled() -> None:
        copier.s3.before.pop("commit")
        copier.copied_elsewhere(ours)()
        again = copier.upload(b"A")
        copier.later()
        copier.copied_elsewhere(again)()

    copier.s3.before["commit"] = [lambda: None, toggled]

    result = copier.copy(ours)

    assert isinstance(result, Copied)
    assert copier.destination == b"A"


def test_the_same_bytes_uploaded_again_with_other_metadata_do_not_end_stale(copier: Copier) -> None:
    copier.copy(copier.upload(b"A", metadata={"n": "0"}))
    ours = copier.upload(b"A", metadata={"n": "1"})
    copier.later()

    def again() -> None:
        copier.s3.before.pop("commit")
        newer = copier.upload(b"A", metadata={"n": "2"})
        copier.later()
        copier.copied_elsewhere(newer)()

    copier.s3.before["commit"] = [lambda: None, again]

    copier.copy(ours)

    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert dict(held.metadata) == {"n": "2"}


def test_a_multipart_upload_that_looks_older_than_it_is_does_not_end_stale(copier: Copier) -> None:
    """Same bytes, other metadata, and a LastModified from before our read of the destination."""
    copier.copy(copier.upload(b"A", metadata={"n": "0"}))
    ours = copier.upload(b"A", metadata={"n": "1"})
    initiated_at = copier.clock.now
    copier.later()

    def completed() -> None:
        copier.s3.before.pop("commit")
        newer = copier.s3.upload("in", "k", b"A", metadata={"n": "2"}, initiated_at=initiated_at)
        copier.copied_elsewhere(newer)()

    copier.s3.before["commit"] = [lambda: None, completed]

    copier.copy(ours)

    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert dict(held.metadata) == {"n": "2"}


def test_an_overwrite_in_the_second_of_its_upload_waits_that_second_out(copier: Copier) -> None:
    """Another upload of the same bytes in that second would look the same."""
    copier.copy(copier.upload(b"A"))
    newer = copier.upload(b"B")
    before = copier.clock.now

    assert isinstance(copier.copy(newer), Copied)
    assert copier.clock.now - before == timedelta(seconds=1)
    assert copier.destination == b"B"
    assert copier.s3.requests.count("copy") == 3


def test_an_upload_deleted_before_the_copy_is_skipped(copier: Copier) -> None:
    upload = copier.upload(b"A")
    copier.s3.delete("in", "k")

    result = copier.copy(upload)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SOURCE_DELETED
    assert copier.destination is None


def test_a_source_deleted_right_after_the_overwrite_leaves_the_copy_copied(copier: Copier) -> None:
    copier.copy(copier.upload(b"A"))
    upload = copier.upload(b"B")
    copier.later()
    copier.s3.before["head_object"] = [lambda: None, lambda: copier.s3.delete("in", "k")]

    assert isinstance(copier.copy(upload), Copied)
    assert copier.destination == b"B"


def test_a_destination_that_others_keep_changing_is_contended(copier: Copier) -> None:
    upload = copier.upload(b"A")
    copier.s3.before["commit"] = [
        lambda n=n: copier.s3.upload("out", "k", f"other {n}".encode())  # type: ignore[misc]
        for n in range(20)
    ]

    with pytest.raises(TransientError, match="changed by others in each of 8 attempts") as raised:
        copier.copy(upload)
    assert raised.value.reason == Reason.CONTENDED


def test_an_archived_object_is_permanent_and_says_what_to_do(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A", storage_class="GLACIER")

    with pytest.raises(PermanentError, match="Restore the object: the copy then runs by itself") as raised:
        copier.copy(upload)
    assert raised.value.reason == Reason.ARCHIVED


def test_an_upload_that_a_decoded_key_may_mean_is_told_beside_the_one_that_is_gone(copier: Copier) -> None:
    stored = copier.upload(b"A", key="my file+1.txt")
    told = Upload(
        bucket="in", key="my+file%2B1.txt", etag=stored.etag, size=1, uploaded_at=stored.uploaded_at, sequencer="1"
    )

    result = copier.copy(told)

    assert isinstance(result, Skipped)
    assert (result.reason, result.destination.key) == (Reason.SOURCE_DELETED, "my+file%2B1.txt")
    assert result.decoded == structs.replace(told, key="my file+1.txt")
    assert copier.s3.at("s3://out/my file+1.txt") is None
    assert copier.warnings == [
        ("the event's key may be URL-encoded", {"key": "my+file%2B1.txt", "decoded_key": "my file+1.txt"})
    ]


def test_a_decoded_key_with_other_contents_is_not_taken_for_the_upload(copier: Copier) -> None:
    copier.upload(b"unrelated", key="a b")
    gone = copier.upload(b"A", key="a+b")
    copier.s3.delete("in", "a+b")

    result = copier.copy(gone)

    assert isinstance(result, Skipped)
    assert (result.reason, result.decoded) == (Reason.SOURCE_DELETED, None)


def test_a_key_that_really_contains_percent_20_is_copied_as_it_is(copier: Copier) -> None:
    upload = copier.upload(b"A", key="a%20b")

    assert isinstance(copier.copy(upload), Copied)
    assert copier.s3.at("s3://out/a%20b") is not None
    assert copier.warnings == []


def test_a_versioned_upload_superseded_by_the_same_bytes_is_not_said_to_be_copied() -> None:
    copier = Copier(versioned=("in", "out"))
    older, newer = copier.upload(b"A"), copier.upload(b"A")
    copier.later()

    assert isinstance(copier.copy(older), Skipped)
    assert isinstance(copier.copy(newer), Copied)
    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert held.body == b"A"


def test_contents_that_return_on_versioned_buckets_are_told_by_their_version_ids() -> None:
    copier = Copier(versioned=("in", "out"))
    copier.copy(copier.upload(b"A"))
    ours = copier.upload(b"B")
    copier.later()

    def toggled() -> None:
        copier.s3.before.pop("commit")
        copier.copied_elsewhere(ours)()
        again = copier.upload(b"A")
        copier.copied_elsewhere(again)()

    copier.s3.before["commit"] = [lambda: None, toggled]

    assert isinstance(copier.copy(ours), Copied)
    assert copier.destination == b"A"


def test_a_newer_upload_that_the_route_is_not_meant_for_is_not_copied(copier: Copier) -> None:
    copier.route = Route(source_bucket="in", destination_bucket="out", max_size=5)
    older = copier.upload(b"A")
    copier.upload(b"too large for the route")

    result = copier.copy(older, retried=True)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert copier.destination is None


def test_a_newer_upload_that_cannot_be_copied_does_not_fail_the_older_one(copier: Copier) -> None:
    older = copier.upload(b"A")
    copier.s3.upload("in", "k", b"B", storage_class="GLACIER")
    copier.later()

    result = copier.copy(older, retried=True)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED


def test_an_object_renamed_to_the_decoded_key_is_not_taken_for_the_upload(copier: Copier) -> None:
    """Same bytes under the decoded key, but from after the event."""
    upload = copier.upload(b"A", key="a+b")
    copier.s3.delete("in", "a+b")
    copier.upload(b"A", key="a b")

    result = copier.copy(upload)

    assert isinstance(result, Skipped)
    assert (result.reason, result.decoded) == (Reason.SOURCE_DELETED, None)


def test_a_decoded_key_that_is_off_the_route_is_not_looked_for(copier: Copier) -> None:
    copier.route = Route(source_bucket="in", destination_bucket="out", prefixes=("a+",))
    stored = copier.upload(b"A", key="a b")
    told = structs.replace(stored, key="a+b")

    result = copier.copy(told)

    assert isinstance(result, Skipped)
    assert result.decoded is None


def test_a_thread_that_lambda_thaws_after_its_time_copies_nothing(copier: Copier) -> None:
    command = CopyCommand(copier.upload(b"A"), ROUTE, seconds_left=lambda: -3)

    with pytest.raises(TransientError, match="time was over"):
        copier.newest_only.copy(command)
    assert copier.destination is None


def test_lost_attempts_are_followed_by_a_backoff(copier: Copier) -> None:
    backoffs: list[int] = []
    copier.newest_only = a_newest_only(copier.s3, copier.clock, backoff=backoffs.append)
    copier.copy(copier.upload(b"A"))
    newer = copier.upload(b"B")
    copier.later()

    copier.copy(newer)

    assert backoffs == [0]
