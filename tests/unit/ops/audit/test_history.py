"""A URL stands for the uploads whose records tell of it."""

import pytest

from ops.audit.history import place_of, sources_of, why_nothing
from ops.errors import UsageError
from ops.params.keys import S3Url
from shared.routes import Route

ROUTES = (
    Route(source_bucket="uploads", destination_bucket="between", prefixes=("in/",), min_size=10, max_size=20),
    Route(source_bucket="between", destination_bucket="theirs", destination_prefix="copies/"),
    Route(source_bucket="others", destination_bucket="theirs", suffixes=(".csv",), destination_prefix="copies/"),
)


@pytest.mark.parametrize(
    "key", ["k", "a/b/c", "/", "//a", " ", "a b?x=1#y", "%2F+%", "s3://x/y", "two\nlines\x1b[31m", "ü\u202e日"]
)
def test_a_url_gives_its_key_as_it_is_written(key: str) -> None:
    assert place_of(f"s3://bucket/{key}") == ("bucket", key)
    assert place_of(f"s3://bucket/{key}").url == f"s3://bucket/{key}"


@pytest.mark.parametrize("url", ["", "bucket/key", "s3://", "s3://bucket", "s3://bucket/", "s3:///key", "S3://b/k"])
def test_what_names_no_object_is_a_mistake(url: str) -> None:
    with pytest.raises(UsageError, match="is not an object's URL: write s3://bucket/key"):
        place_of(url)


def test_a_key_that_no_utf_8_could_be_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="is not UTF-8"):
        place_of("s3://bucket/\udcff")


@pytest.mark.parametrize(
    ("place", "sources"),
    [
        (("uploads", "in/a"), [("uploads", "in/a")]),
        (("uploads", "not/a"), [("uploads", "not/a")]),
        (("unknown", "a"), [("unknown", "a")]),
        (("between", "in/a"), [("between", "in/a"), ("uploads", "in/a")]),
        (("between", "not/a"), [("between", "not/a")]),
        (("theirs", "copies/a"), [("between", "a")]),
        (("theirs", "copies/a.csv"), [("between", "a.csv"), ("others", "a.csv")]),
        (("theirs", "a.csv"), [("theirs", "a.csv")]),
    ],
)
def test_a_place_stands_for_itself_and_for_what_is_copied_to_it(
    place: tuple[str, str], sources: list[tuple[str, str]]
) -> None:
    assert sources_of(ROUTES, S3Url(*place)) == sources


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("unknown", "a"), "no route takes uploads to bucket 'unknown', only to between, others, uploads"),
        (("uploads", "not/a"), "no route takes a key like this"),
        (("theirs", "a"), "no route copies anything to a key like this"),
        (("uploads", "in/a"), "check the key letter by letter"),
    ],
)
def test_where_nothing_is_on_record_it_says_what_to_check(place: tuple[str, str], said: str) -> None:
    assert said in why_nothing(ROUTES, S3Url(*place))
