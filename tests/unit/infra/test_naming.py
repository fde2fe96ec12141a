"""Which names AWS takes, and what is said of the others."""

import pytest

from infra.validation import read_settings
from tests.unit.infra.contexts import BOTH, only_problem, with_route


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Upper-Case", "3 to 63 lower-case letters"),
        ("ab", "3 to 63"),
        ("a" * 64, "3 to 63"),
        ("under_score", "lower-case letters, digits, dots and hyphens"),
        ("-first", "a letter or digit first and last"),
        ("last-", "a letter or digit first and last"),
        ("two..dots", "no two dots"),
        ("192.168.5.4", "IP address"),
        ("xn--name", "begin with xn--"),
        ("sthree-name", "begin with sthree-"),
        ("name-s3alias", "end with -s3alias"),
        ("name--ol-s3", "end with --ol-s3"),
        ("name--x-s3", "end with --x-s3"),
        ("line\\n", "3 to 63"),
    ],
)
def test_a_bucket_name_that_s3_refuses_is_refused(name: str, rule: str) -> None:
    problem = only_problem({"buckets": {**BOTH, "source": {"name": name.replace("\\n", "\n")}}})
    assert problem.startswith(f"copytrail.buckets.source.name is '{name}': ")
    assert rule in problem


@pytest.mark.parametrize("name", ["abc", "a" * 63, "my.bucket-1", "0zero9"])
def test_a_bucket_name_that_s3_takes_is_taken(name: str) -> None:
    assert read_settings({"buckets": {**BOTH, "source": {"name": name}}}).buckets["source"].name == name


@pytest.mark.parametrize("value", [["a", ""], "a", ["a", 1], [None]])
def test_prefixes_are_texts_that_are_not_empty(value: object) -> None:
    assert only_problem(with_route(prefixes=value)).startswith("copytrail.routes[0].prefixes must be a list of texts")


@pytest.mark.parametrize("prefix", ["..", ".", "../", "./a/", "a/../b/", "a/./b", "a/..", "/../"])
def test_a_destination_prefix_with_segments_that_urls_lose_is_refused(prefix: str) -> None:
    assert only_problem(with_route(destinationPrefix=prefix)).startswith(
        f"copytrail.routes[0].destinationPrefix is '{prefix}': a segment '.' or '..'"
    )


@pytest.mark.parametrize("prefix", ["...", "a..b/", ".hidden/", "/", "a//b/", "100%/"])
def test_dots_within_a_segment_are_taken(prefix: str) -> None:
    assert read_settings(with_route(destinationPrefix=prefix)).routes[0].destination_prefix == prefix


@pytest.mark.parametrize("character", ["\x00", "\t", "\n", "\x1b", "\x1f", "\x7f", "\x9b", "\ufffe", "\uffff"])
@pytest.mark.parametrize("setting", ["prefixes", "suffixes", "destinationPrefix"])
def test_a_character_that_no_listing_can_show_is_refused_and_written_out(setting: str, character: str) -> None:
    text = f"a{character}b"
    problem = only_problem(with_route(**{setting: text if setting == "destinationPrefix" else ["c", text]}))
    assert problem.startswith(f"copytrail.routes[0].{setting} ")
    assert f"U+{ord(character):04X}" in problem
    assert problem.isprintable()
