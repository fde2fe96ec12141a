"""Multipart uploads on either S3: parts of one upload of the source, completed under a condition, or aborted."""

from typing import Any

import pytest

from services.copier.model import (
    ConditionRefusedError,
    CopiedPart,
    Location,
    ObjectHead,
    OpenUpload,
    Target,
    UploadGoneError,
)
from shared.copy_plan import MEBIBYTE, parts
from tests.integration.copier.sides import IN, OUT, VERSIONED_IN, Properties, Side

SOURCE = Location(IN, "a key+with%20bites/ü.bin")
VERSIONED_SOURCE = Location(VERSIONED_IN, "k")
TARGET = Location(OUT, "copies/a key+with%20bites/ü.bin")
BYTES_EACH = 5 * MEBIBYTE
BODY = b"a" * BYTES_EACH + b"b" * 1000
HEADERS = {
    "CacheControl": b"max-age=1",
    "ContentDisposition": b"attachment",
    "ContentEncoding": b"gzip",
    "ContentLanguage": b"de",
    "ContentType": b"text/html",
    "ExpiresString": b"Wed, 21 Oct 2037 07:28:00 GMT",
}


def begin(side: Side, source: Location = SOURCE, target: Target | None = None) -> OpenUpload:
    found = found_at(side, source)
    to = target or Target(TARGET)
    upload_id = side.parts.begin(source, found, to, checksum_algorithm="CRC64NVME")
    return OpenUpload(upload_id, source, found.etag, found.version_id, to, found.size, BYTES_EACH)


def found_at(side: Side, source: Location) -> ObjectHead:
    found = side.store.head_object(source)
    assert found is not None
    return found


def copy_all(side: Side, upload: OpenUpload) -> list[CopiedPart]:
    return [side.parts.copy_part(upload, part) for part in parts(upload.size, BYTES_EACH)]


def test_all_parts_make_the_object(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)

    result = side.parts.complete(upload, copy_all(side, upload), if_match=None)

    assert side.read(TARGET)["Body"] == BODY
    assert side.store.head_destination(TARGET).etag == result.etag
    assert result.etag.endswith("-2")


def test_a_part_is_refused_when_the_source_is_another(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    side.put(SOURCE, BODY[::-1])

    with pytest.raises(ConditionRefusedError):
        copy_all(side, upload)
    side.parts.abort(upload)


def test_a_part_is_refused_when_the_source_is_gone(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    side.delete(SOURCE)

    with pytest.raises(ConditionRefusedError):
        copy_all(side, upload)
    side.parts.abort(upload)


def test_a_version_is_copied_though_a_newer_one_is_there(side: Side) -> None:
    side.put(VERSIONED_SOURCE, BODY)
    upload = begin(side, VERSIONED_SOURCE)
    side.put(VERSIONED_SOURCE, b"newer")

    result = side.parts.complete(upload, copy_all(side, upload), if_match=None)

    assert side.read(TARGET)["Body"] == BODY
    assert result.source_version_id == upload.version_id is not None


def test_completing_is_refused_when_the_new_key_was_taken_meanwhile(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    copied = copy_all(side, upload)
    side.put(TARGET, b"theirs")

    with pytest.raises(ConditionRefusedError):
        side.parts.complete(upload, copied, if_match=None)
    assert side.read(TARGET)["Body"] == b"theirs"
    side.parts.abort(upload)


def test_completing_is_refused_when_the_destination_changed_meanwhile(side: Side) -> None:
    side.put(SOURCE, BODY)
    side.put(TARGET, b"old")
    held = side.store.head_destination(TARGET).etag
    upload = begin(side)
    copied = copy_all(side, upload)
    side.put(TARGET, b"theirs")

    with pytest.raises(ConditionRefusedError):
        side.parts.complete(upload, copied, if_match=held)
    side.parts.abort(upload)


def test_parts_that_are_there_are_told(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    first = side.parts.copy_part(upload, next(parts(upload.size, BYTES_EACH)))

    assert list(side.parts.copied_parts(upload)) == [1]
    assert side.parts.copied_parts(upload)[1].etag.strip('"') == first.etag.strip('"')
    side.parts.abort(upload)


def test_an_upload_that_was_aborted_is_gone_and_aborting_it_again_is_no_error(side: Side) -> None:
    side.put(SOURCE, BODY)
    upload = begin(side)
    side.parts.abort(upload)

    side.parts.abort(upload)
    with pytest.raises(UploadGoneError):
        side.parts.copied_parts(upload)


def copy_in_parts(side: Side, properties: Properties) -> dict[str, Any]:
    """What the destination tells of a copy."""
    side.put(SOURCE, BODY, properties)
    upload = begin(side, target=Target(TARGET, "STANDARD_IA", redirect="/elsewhere"))
    side.parts.complete(upload, copy_all(side, upload), if_match=None)
    return side.read(TARGET)


def test_every_property_is_carried_over(side: Side) -> None:
    told = copy_in_parts(side, Properties(HEADERS, {"a": "b"}, {"team": "devops"}, redirect="/elsewhere"))

    assert {name: told[name].encode() for name in HEADERS} == HEADERS
    assert (told["Metadata"], told["Tags"]) == ({"a": "b"}, {"team": "devops"})
    assert (told["StorageClass"], told["WebsiteRedirectLocation"]) == ("STANDARD_IA", "/elsewhere")


def test_tags_that_no_header_can_carry_are_carried_over_too(side: Side) -> None:
    tags = {f"{number}{'k' * 100}": "v" * 200 for number in range(10)}

    assert copy_in_parts(side, Properties(tags=tags))["Tags"] == tags
