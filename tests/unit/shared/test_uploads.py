"""Whether what the source holds is the upload that was told of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from shared.events import Upload
from shared.uploads import decoded_twin, is_same_upload
from tests.fakes.outcomes import UPLOADED_AT, an_upload


@dataclass
class Found:
    etag: str = "0a1b"
    version_id: str | None = None
    size: int = 42
    last_modified: datetime = UPLOADED_AT


@pytest.mark.parametrize(
    ("told", "found", "same"),
    [
        (None, Found(), True),
        (None, Found(etag="ffff"), False),
        ("v1", Found(version_id="v1", etag="ffff"), True),
        ("v1", Found(version_id="v2"), False),
        ("v1", Found(), True),
        (None, Found(version_id="v2"), True),
    ],
)
def test_version_ids_tell_uploads_apart_where_both_have_one_and_else_etags(
    told: str | None, found: Found, same: bool
) -> None:
    assert is_same_upload(found, an_upload(version_id=told)) is same


def test_the_twin_is_the_same_upload_under_the_decoded_key() -> None:
    asked: list[Upload] = []

    def head(upload: Upload) -> Found:
        asked.append(upload)
        return Found()

    twin = decoded_twin(an_upload(key="a+b%2Bc"), head)

    assert twin == an_upload(key="a b+c")
    assert asked == [twin]


@pytest.mark.parametrize(
    "found", [None, Found(etag="ffff"), Found(size=41), Found(last_modified=UPLOADED_AT + timedelta(seconds=1))]
)
def test_what_is_another_object_or_came_after_the_event_is_no_twin(found: Found | None) -> None:
    assert decoded_twin(an_upload(key="a+b"), lambda _: found) is None


def test_a_key_that_decodes_to_itself_has_no_twin_and_nothing_is_asked() -> None:
    def head(_: Upload) -> Found:
        raise AssertionError

    assert decoded_twin(an_upload(key="report.csv"), head) is None
