"""A copy in parts: all of one upload, continued where it stopped, and nothing left open."""

from collections.abc import Callable, Iterator

import pytest

from services.copier.model import Copied, CopyCommand, Location, Skipped, UnfinishedError
from shared.copy_plan import PartSizes
from shared.errors import PermanentError, Reason, TransientError
from shared.events import Checksum, Continuation, Upload
from shared.routes import Route
from tests.fakes.clock import FakeClock
from tests.fakes.copying import a_newest_only
from tests.fakes.s3 import FakeS3, checksum_of

ROUTE = Route(source_bucket="in", destination_bucket="out")
TINY = PartSizes(threshold=10, part=10)
LARGE = bytes(range(35))


class Copier:
    """A copier that copies in tiny parts."""

    def __init__(self, *, versioned: tuple[str, ...] = ()) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock, versioned=versioned)
        self.warnings: list[str] = []
        self.newest_only = a_newest_only(
            self.s3, self.clock, sizes=TINY, width=3, warn=lambda text, _: self.warnings.append(text)
        )

    def upload(self, body: bytes = LARGE, *, checksum: Checksum | None = None) -> Upload:
        upload = self.s3.upload("in", "k", body, metadata={"a": "b"}, tags={"t": "1"}, checksum=checksum)
        self.clock.sleep(5)
        return upload

    def copy(
        self,
        upload: Upload,
        *,
        seconds_left: Callable[[], float] = lambda: 900,
        continuation: Continuation | None = None,
    ) -> Copied | Skipped:
        return self.newest_only.copy(CopyCommand(upload, ROUTE, seconds_left, continuation=continuation))

    def stop_after(self, parts: int, upload: Upload, continuation: Continuation | None = None) -> Continuation:
        """Copy so many parts; where it stopped."""
        last = len(self.parts_copied) + parts
        with pytest.raises(UnfinishedError) as stopped:
            self.copy(
                upload,
                seconds_left=lambda: 900 if len(self.parts_copied) < last else 5,
                continuation=continuation,
            )
        return stopped.value.continuation

    @property
    def parts_copied(self) -> list[str]:
        return [request for request in self.s3.requests if request.startswith("copy_part")]


@pytest.fixture
def copier() -> Iterator[Copier]:
    copier = Copier()
    yield copier
    assert copier.s3.open_uploads == {}, "an upload was left open"


def test_a_large_object_arrives_whole_with_its_properties(copier: Copier) -> None:
    result = copier.copy(copier.upload())

    assert isinstance(result, Copied)
    assert (result.method, result.parts) == ("UploadPartCopy", 4)
    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert (held.body, dict(held.metadata), dict(held.tags)) == (LARGE, {"a": "b"}, {"t": "1"})
    assert result.destination.etag == held.etag


def test_both_ends_are_read_before_anything_is_copied(copier: Copier) -> None:
    copier.copy(copier.upload())

    assert copier.s3.requests[:3] == ["head_destination", "head_object", "begin"]


def test_an_object_at_the_threshold_is_copied_at_once(copier: Copier) -> None:
    result = copier.copy(copier.upload(b"x" * TINY.threshold))

    assert isinstance(result, Copied)
    assert (result.method, result.parts) == ("CopyObject", 1)


def test_a_source_overwritten_between_two_parts_is_superseded_and_nothing_of_it_arrives(copier: Copier) -> None:
    upload = copier.upload()
    copier.s3.before["part"] = [lambda: None, lambda: copier.upload(b"other" * 7)]

    result = copier.copy(upload)

    assert isinstance(result, Skipped)
    assert result.reason == Reason.SUPERSEDED
    assert copier.s3.at("s3://out/k") is None


def test_a_version_is_copied_to_its_end_although_a_newer_one_came_and_then_the_newer_is_copied() -> None:
    copier = Copier(versioned=("in", "out"))
    upload = copier.upload()
    newer = bytes(reversed(LARGE))
    copier.s3.before["part"] = [lambda: None, lambda: copier.upload(newer)]

    assert isinstance(copier.copy(upload), Copied)
    bodies = [stored.body for (location, _), stored in copier.s3.versions.items() if location.bucket == "out"]
    assert bodies == [LARGE, newer]


def test_a_destination_that_changed_meanwhile_is_not_overwritten_blindly(copier: Copier) -> None:
    upload = copier.upload()
    copier.s3.before["commit"] = [lambda: copier.s3.upload("out", "k", b"theirs")]

    assert isinstance(copier.copy(upload), Copied)
    assert copier.s3.requests.count("begin") == 2
    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert held.body == LARGE


def denied() -> None:
    raise PermanentError("AccessDenied", "s3:PutObject on s3://out/k: no")


def throttled() -> None:
    raise TransientError("SlowDown", "s3:PutObject on s3://out/k: later")


def test_a_part_that_is_denied_aborts_the_upload(copier: Copier) -> None:
    copier.s3.before["part"] = [lambda: None, denied]

    with pytest.raises(PermanentError, match="no"):
        copier.copy(copier.upload())


def test_a_first_part_that_is_throttled_aborts_the_upload(copier: Copier) -> None:
    copier.s3.before["part"] = [throttled] * 3

    with pytest.raises(TransientError, match="later"):
        copier.copy(copier.upload())


def test_a_later_part_that_is_throttled_keeps_what_is_done(copier: Copier) -> None:
    upload = copier.upload()
    copier.s3.before["part"] = [lambda: None, lambda: None, lambda: None, throttled]

    with pytest.raises(UnfinishedError) as stopped:
        copier.copy(upload)

    assert stopped.value.continuation.parts_done == 3
    assert isinstance(copier.copy(upload, continuation=stopped.value.continuation), Copied)
    assert len(copier.parts_copied) == 5


def test_a_copy_that_outlives_its_time_goes_on_without_copying_a_part_again(copier: Copier) -> None:
    upload = copier.upload()
    continuation = copier.stop_after(1, upload)
    continuation = copier.stop_after(2, upload, continuation)

    result = copier.copy(upload, continuation=continuation)

    assert isinstance(result, Copied)
    assert result.parts == 4
    assert copier.parts_copied == ["copy_part 1", "copy_part 2", "copy_part 3", "copy_part 4"]
    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert held.body == LARGE


def test_too_little_time_for_a_part_begins_nothing(copier: Copier) -> None:
    with pytest.raises(TransientError, match="too little time") as raised:
        copier.copy(copier.upload(), seconds_left=lambda: 12)

    assert raised.value.reason == Reason.OUT_OF_TIME
    assert "begin" not in copier.s3.requests


def test_a_continuation_whose_upload_is_gone_starts_again_and_says_so(copier: Copier) -> None:
    upload = copier.upload()
    continuation = copier.stop_after(2, upload)
    copier.s3.open_uploads.clear()

    assert isinstance(copier.copy(upload, continuation=continuation), Copied)
    assert copier.warnings == ["the upload to continue is gone; starting again"]


def test_a_continuation_whose_parts_may_not_be_listed_leaves_nothing_open(copier: Copier) -> None:
    upload = copier.upload()
    continuation = copier.stop_after(2, upload)
    copier.s3.before["copied_parts"] = [denied]

    with pytest.raises(PermanentError, match="no"):
        copier.copy(upload, continuation=continuation)


def test_a_continuation_of_another_upload_is_aborted_and_its_parts_are_never_mixed_in(copier: Copier) -> None:
    continuation = copier.stop_after(2, copier.upload())
    newer = copier.upload(bytes(reversed(LARGE)))

    assert isinstance(copier.copy(newer, continuation=continuation), Copied)
    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert held.body == bytes(reversed(LARGE))


def test_a_continuation_of_the_same_bytes_under_other_metadata_starts_again(copier: Copier) -> None:
    """The open upload was begun with the properties of the older one."""
    continuation = copier.stop_after(2, copier.upload())
    newer = copier.s3.upload("in", "k", LARGE, metadata={"a": "newer"})
    copier.clock.sleep(5)

    assert isinstance(copier.copy(newer, continuation=continuation), Copied)
    held = copier.s3.at("s3://out/k")
    assert held is not None
    assert dict(held.metadata) == {"a": "newer"}


def overwrite(copier: Copier) -> None:
    copier.upload(b"newer, and small")


def delete(copier: Copier) -> None:
    copier.s3.delete("in", "k")


@pytest.mark.parametrize(("meanwhile", "reason"), [(overwrite, Reason.SUPERSEDED), (delete, Reason.SOURCE_DELETED)])
def test_a_continuation_that_is_of_no_use_any_more_is_aborted(
    copier: Copier, meanwhile: Callable[[Copier], None], reason: Reason
) -> None:
    upload = copier.upload()
    continuation = copier.stop_after(2, upload)
    meanwhile(copier)

    result = copier.copy(upload, continuation=continuation)

    assert isinstance(result, Skipped)
    assert result.reason == reason


def test_checksums_that_agree_are_recorded(copier: Copier) -> None:
    result = copier.copy(copier.upload())

    assert isinstance(result, Copied)
    held = copier.s3.at("s3://in/k")
    assert held is not None
    assert result.checksum == held.checksum == checksum_of(held.body, "CRC64NVME")


@pytest.mark.parametrize(
    ("uploaded", "copied"),
    [("CRC32", "CRC32"), ("CRC32C", "CRC32C"), ("SHA1", "CRC64NVME"), ("SHA256", "CRC64NVME"), ("MD5", "CRC64NVME")],
)
def test_the_uploaders_checksum_algorithm_is_kept_where_s3_can_compute_it_from_parts(
    copier: Copier, uploaded: str, copied: str
) -> None:
    result = copier.copy(copier.upload(checksum=Checksum(algorithm=uploaded, value="abc=", type="COMPOSITE")))

    assert isinstance(result, Copied)
    assert result.checksum is not None
    assert (result.checksum.algorithm, result.checksum.type) == (copied, "FULL_OBJECT")


def test_checksums_that_differ_fail_and_remove_nothing(copier: Copier) -> None:
    upload = copier.upload()
    source = Location("in", "k")

    def rot() -> None:
        """What S3 never does: the copy's checksum is another than the source's."""
        made = next(iter(copier.s3.open_uploads.values()))
        made.parts[1] = b"?" * len(made.parts[1])

    copier.s3.before["commit"] = [rot]

    with pytest.raises(PermanentError, match="s3://in/k has") as raised:
        copier.copy(upload)
    assert raised.value.reason == Reason.CHECKSUM_MISMATCH
    assert copier.s3.objects.keys() == {source, Location("out", "k")}


def test_checksums_of_different_kinds_are_not_compared(copier: Copier) -> None:
    upload = copier.upload(checksum=Checksum(algorithm="CRC32", value="x", type="COMPOSITE"))

    assert isinstance(copier.copy(upload), Copied)
