"""A read of one object tells what there is, that there is nothing, or why it failed: alone, or with all others."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from ops.aws.object_reads import Head, ObjectReads
from ops.errors import CommandError, UsageError
from shared.errors import CopytrailError, PermanentError, TransientError

TOLD = {"ETag": '"e"', "ContentLength": 4, "LastModified": datetime(2026, 11, 1, tzinfo=UTC)}
NO_ANSWER = exceptions.ReadTimeoutError(endpoint_url="https://s3", error="x")


class FakeS3:
    """S3 that answers each HeadObject with what was said beforehand, the last of it for ever. `asked`: how often."""

    def __init__(self, *answers: dict[str, Any] | str | Exception, buckets: tuple[str, ...] = ("in",)) -> None:
        self._answers = list(answers)
        self._buckets = buckets
        self.asked = 0

    def head_object(self, *, Bucket: str, Key: str, **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        self.asked += 1
        return self._give(self._answers.pop(0) if len(self._answers) > 1 else self._answers[0], "HeadObject")

    def head_bucket(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return self._give({} if Bucket in self._buckets else "404", "HeadBucket")

    def get_object_tagging(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        return self._give(self._answers[0], "GetObjectTagging")

    @staticmethod
    def _give(answer: dict[str, Any] | str | Exception, operation: str) -> dict[str, Any]:
        if isinstance(answer, str):
            raise ClientError({"Error": {"Code": answer, "Message": "?"}}, operation)
        if isinstance(answer, Exception):
            raise answer
        return answer


def reads(s3: FakeS3) -> ObjectReads:
    return ObjectReads(s3)  # type: ignore[arg-type]  # as much of a client as is needed


def test_an_object_is_told_of_as_s3_does() -> None:
    assert reads(FakeS3(TOLD)).head("in", "k") == Head("e", 4, TOLD["LastModified"], TOLD)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["404", "NoSuchKey"])
def test_what_is_not_there_is_none(code: str) -> None:
    assert reads(FakeS3(code)).head("in", "k") is None


@pytest.mark.parametrize("code", ["404", "405", "NoSuchVersion", "MethodNotAllowed"])
def test_a_version_that_is_gone_or_a_delete_marker_is_none(code: str) -> None:
    assert reads(FakeS3(code)).head("in", "k", VersionId="v") is None


def test_a_method_that_is_not_allowed_does_not_say_that_an_object_is_gone() -> None:
    with pytest.raises(CopytrailError, match="s3://in/k"):
        reads(FakeS3("405")).head("in", "k")


def test_of_a_bucket_that_is_not_there_no_object_is_gone() -> None:
    with pytest.raises(PermanentError, match=r"s3://other/k: the bucket does not exist") as failed:
        reads(FakeS3("404")).head("other", "k")
    assert failed.value.reason == "NoSuchBucket"


@pytest.mark.parametrize("key", ["", "k" * 1025, "é" * 513, "\ud800"], ids=["none", "long", "bytes", "half"])
def test_what_can_be_no_key_is_not_asked_for(key: str) -> None:
    s3 = FakeS3("400")
    assert reads(s3).head("in", key) is None
    assert s3.asked == 0


@pytest.mark.parametrize("answer", ["400", "403", "503", "KMS.DisabledException", NO_ANSWER, ValueError("no date")])
def test_what_one_object_is_the_cause_of_is_its_own_failure(answer: str | Exception) -> None:
    objects = reads(FakeS3(answer, TOLD))
    with pytest.raises(CopytrailError, match=r"s3:GetObject on s3://in/k: "):
        objects.head("in", "k")
    assert objects.head("in", "other") is not None


@pytest.mark.parametrize("missing", TOLD)
def test_an_answer_that_lacks_what_every_object_has_is_a_failure_that_names_it(missing: str) -> None:
    answer = {name: value for name, value in TOLD.items() if name != missing}
    with pytest.raises(TransientError, match=rf"s3:GetObject on s3://in/k: the answer has no {missing}"):
        reads(FakeS3(answer)).head("in", "k")


def test_a_bucket_that_can_have_no_such_name_is_one_objects_failure() -> None:
    with pytest.raises(CopytrailError):
        reads(FakeS3(exceptions.ParamValidationError(report="no bucket"))).head("no bucket", "k")


@pytest.mark.parametrize("error", ["ExpiredToken", "InvalidAccessKeyId", exceptions.NoCredentialsError()])
@pytest.mark.parametrize("read", ["head", "tags"])
def test_credentials_that_do_not_work_end_it_for_all(error: str | Exception, read: str) -> None:
    with pytest.raises(UsageError):
        getattr(reads(FakeS3(error)), read)("in", "k")


def test_when_ten_calls_in_a_row_have_no_answer_s3_is_away() -> None:
    objects = reads(FakeS3(*[NO_ANSWER] * 9, TOLD, NO_ANSWER))
    for _ in range(9):
        with pytest.raises(TransientError):
            objects.head("in", "k")
    objects.head("in", "k")
    for _ in range(9):
        with pytest.raises(TransientError):
            objects.head("in", "k")
    with pytest.raises(CommandError, match="https://s3 does not answer"):
        objects.head("in", "k")


def test_tags_that_cannot_be_told_are_one_objects_failure() -> None:
    assert reads(FakeS3({"TagSet": [{"Key": "a", "Value": "1"}]})).tags("in", "k") == {"a": "1"}
    with pytest.raises(PermanentError, match="s3:GetObjectTagging on s3://in/k"):
        reads(FakeS3("AccessDenied")).tags("in", "k")
