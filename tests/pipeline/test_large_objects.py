"""Objects that are copied in parts, with a threshold low enough to see it."""

import random

from shared.events import Outcome
from tests.interception import InterceptedRequest, Reply, intercept, s3_error
from tests.pipeline.trail import Trail

MEBIBYTE = 1024**2
CONTEXT = {"copier": {"multipartThresholdMiB": 5, "partSizeMiB": 5}}
LARGE = random.Random(5).randbytes(12 * MEBIBYTE)


def is_part(request: InterceptedRequest) -> bool:
    return (request.service, request.operation) == ("s3", "UploadPartCopy")


def test_a_large_object_is_copied_in_parts_with_its_properties(trail: Trail) -> None:
    trail.upload("large", LARGE, ContentType="text/x-large", Metadata={"a": "b"}, Tagging="team=devops")
    trail.wait_until_quiet()

    assert trail.copy_of("large") == LARGE
    [record] = trail.records("large")
    assert (record.outcome, record.method, record.parts) == (Outcome.COPIED, "UploadPartCopy", 3)
    head = trail.s3.head_object(Bucket=trail.destination, Key="large")
    assert (head["ContentType"], head["Metadata"]) == ("text/x-large", {"a": "b"})
    tags = trail.s3.get_object_tagging(Bucket=trail.destination, Key="large")["TagSet"]
    assert tags == [{"Key": "team", "Value": "devops"}]
    assert uploads_left_open(trail) == []


def test_what_nobody_foresaw_of_a_large_object_arrives_as_it_is(trail: Trail) -> None:
    """From the functions' own processes, where botocore signs in Python."""
    key = "a\x01\x1f\x0b+%20 €"
    headers = {"Expires": b"never", "Content-Disposition": "inline; filename=€.bin".encode(), "Cache-Control": b"\xe9"}

    trail.upload_raw(key, LARGE, headers)
    trail.wait_until_quiet()

    [record] = trail.records(key)
    assert (record.outcome, record.method, record.attempt) == (Outcome.COPIED, "UploadPartCopy", 1)
    source = trail.s3.head_object(Bucket=trail.source, Key=key)
    copy = trail.s3.head_object(Bucket=trail.destination, Key=key)
    kept = ("ExpiresString", "ContentDisposition", "CacheControl", "ContentType", "Metadata")
    assert {name: copy[name] for name in kept} == {name: source[name] for name in kept}
    assert copy["ExpiresString"] == "never"
    assert trail.copy_of(key) == LARGE


def test_a_large_object_is_overwritten_by_a_newer_one(trail: Trail) -> None:
    trail.upload("again", LARGE)
    trail.wait_until_quiet()
    trail.upload("again", LARGE[::-1])
    trail.wait_until_quiet()

    assert trail.copy_of("again") == LARGE[::-1]
    assert [record.outcome for record in trail.records("again")] == [Outcome.COPIED, Outcome.COPIED]


def test_a_copy_that_is_interrupted_goes_on_in_another_invocation_without_copying_a_part_again(trail: Trail) -> None:
    copied: list[str] = []
    refused: list[str] = []

    def refuse_the_last_part_once(request: InterceptedRequest) -> Reply | None:
        if not is_part(request):
            return None
        if "partNumber=3" in request.path and not refused:
            refused.append(request.path)
            # A code that nobody knows counts as transient, and boto3 does not retry it.
            return s3_error("SomethingNew", "Not now.", 400)
        copied.append(request.path.partition("partNumber=")[2][0])
        return None

    with intercept(trail.aws, refuse_the_last_part_once):
        trail.upload("continued", LARGE)
        trail.skip_delays_until_quiet()

    assert refused
    assert sorted(copied) == ["1", "2", "3"]
    assert trail.copy_of("continued") == LARGE
    [record] = trail.records("continued")
    assert (record.outcome, record.parts) == (Outcome.COPIED, 3)
    assert uploads_left_open(trail) == []


def test_a_copier_killed_between_parts_starts_clean_and_mixes_nothing(trail: Trail) -> None:
    killed: list[int] = []

    def kill_at_the_second_part(request: InterceptedRequest) -> Reply | None:
        if is_part(request) and "partNumber=2" in request.path and not killed:
            killed.append(1)
            trail.copier.kill()
            return Reply(500)
        return None

    with intercept(trail.aws, kill_at_the_second_part):
        trail.upload("killed", LARGE)
        while not killed:
            trail.wait_a_moment()
        trail.upload("killed", LARGE[::-1])
        trail.skip_delays_until_quiet()

    assert trail.copy_of("killed") == LARGE[::-1]


def uploads_left_open(trail: Trail) -> list[str]:
    answer = trail.s3.list_multipart_uploads(Bucket=trail.destination)
    return [upload["Key"] for upload in answer.get("Uploads", [])]
