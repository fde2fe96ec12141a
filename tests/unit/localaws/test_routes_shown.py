import pytest

from localaws.display import route_shown, upload_suggested
from shared.routes import Route

PLAIN = Route(source_bucket="in", destination_bucket="out")
PICKY = Route(
    source_bucket="in",
    destination_bucket="out",
    destination_prefix="archive/",
    prefixes=("a b/", "c/"),
    suffixes=(".csv",),
    min_size=1024,
    max_size=2048,
)


def test_a_plain_route_is_its_two_ends() -> None:
    assert route_shown(PLAIN) == "s3://in/ → s3://out/"


def test_a_route_with_filters_says_what_it_takes() -> None:
    assert route_shown(PICKY) == (
        's3://in/ → s3://out/archive/  keys that begin with "a b/" or "c/"; keys that end with ".csv";'
        " at least 1.0 KiB; at most 2.0 KiB"
    )


@pytest.mark.parametrize(
    ("route", "command"),
    [
        (PLAIN, "aws s3 cp README.md s3://in/"),
        (PICKY, "aws s3 cp FILE 's3://in/a b/sample.csv'   # of at least 1.0 KiB and at most 2.0 KiB"),
        (Route(source_bucket="in", destination_bucket="out", prefixes=("c/",)), "aws s3 cp README.md s3://in/c/"),
        (Route(source_bucket="in", destination_bucket="out", prefixes=("c",)), "aws s3 cp README.md s3://in/c"),
    ],
)
def test_the_suggested_upload_takes_the_route(route: Route, command: str) -> None:
    assert upload_suggested(route) == command
