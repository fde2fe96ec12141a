"""What can be set, and what is said of each mistake."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.bundling import ROOT
from infra.settings import Bucket
from infra.validation import CONTEXT_KEY, read_settings
from shared.copy_plan import GIBIBYTE, MEBIBYTE, PartSizes
from shared.errors import ConfigurationError
from shared.routes import Route

BOTH: Mapping[str, Any] = {"source": {}, "destination": {}}
ROUTE = {"from": "source", "to": "destination"}


KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"


def problems(context: object) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(context)
    return caught.value.problems


def only_problem(context: Mapping[str, Any]) -> str:
    (problem,) = problems(context)
    return problem


def with_route(**keys: Any) -> Mapping[str, Any]:
    return {"routes": [ROUTE | keys]}


def test_nothing_set_gives_two_private_buckets_and_one_route() -> None:
    settings = read_settings({})
    assert settings.buckets == {"source": Bucket(), "destination": Bucket()}
    assert settings.routes == (Route(source_bucket="source", destination_bucket="destination"),)
    assert settings.stack_name == "copytrail"
    assert settings.transfer_bus_name == "copytrail-transfers"
    assert (settings.copier.function_name, settings.auditor.function_name, settings.audit_table.name) == (None,) * 3


def test_the_shipped_configuration_is_read_as_it_is_written() -> None:
    settings = read_settings(json.loads((ROOT / "cdk.json").read_text())["context"][CONTEXT_KEY])
    assert settings.buckets == {
        "source": Bucket.model_validate({"name": "devops-public-5607", "publicRead": True}),
        "destination": Bucket(name="devops-private-28593"),
    }
    assert (settings.copier.function_name, settings.copier.role_name) == (
        "devops-copyfunction",
        "lambda_execution_role",
    )
    assert settings.audit_table.name == "devops-S3CopyLogs"


def test_null_is_as_good_as_nothing() -> None:
    assert read_settings(dict.fromkeys(("stackName", "buckets", "routes", "copier", "logLevel"))) == read_settings({})
    assert read_settings({"copier": {"memoryMb": None, "functionName": None}}) == read_settings({})


def test_a_route_takes_filters_a_destination_prefix_and_a_storage_class() -> None:
    filters = {"prefixes": ["in/"], "suffixes": [".zip", ".gz"], "minSize": 1, "maxSize": 5_000_000_000}
    kept = {"destinationPrefix": "copies/", "storageClass": "STANDARD_IA"}
    assert read_settings(with_route(**filters, **kept)).routes == (
        Route(
            source_bucket="source",
            destination_bucket="destination",
            prefixes=("in/",),
            suffixes=(".zip", ".gz"),
            min_size=1,
            max_size=5_000_000_000,
            destination_prefix="copies/",
            storage_class="STANDARD_IA",
        ),
    )


def test_every_problem_is_reported_at_once() -> None:
    found = problems(
        {
            "stackName": "1st",
            "buckets": {"source": {"name": "Upper"}, "destination": {"nmae": "x"}},
            "routes": [ROUTE, {"from": "source"}],
            "auditor": {"timeoutSeconds": True},
            "alarm": {},
        }
    )
    assert [problem.split()[0] for problem in found] == [
        "copytrail.stackName",
        "copytrail.buckets.source.name",
        "copytrail.buckets.destination.nmae",
        "copytrail.auditor.timeoutSeconds",
        "copytrail.alarm",
        "copytrail.routes[1].to",
        "copytrail.routes[0]",
    ]


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ({"stckName": "x"}, "copytrail.stckName is not a setting: did you mean 'stackName'?"),
        (
            {"buckets": {**BOTH, "source": {"publicread": True}}},
            "copytrail.buckets.source.publicread is not a setting: did you mean 'publicRead'?",
        ),
        (with_route(prefix=["a"]), "copytrail.routes[0].prefix is not a setting: did you mean 'prefixes'?"),
        ({"copier": {"name": "x"}}, "copytrail.copier.name is not a setting"),
        ({"copier": {"memory_mb": 512}}, "copytrail.copier.memory_mb is not a setting: did you mean 'memoryMb'?"),
        ({"auditTable": {"names": "abc"}}, "copytrail.auditTable.names is not a setting: did you mean 'name'?"),
        (
            {"routes": [ROUTE | {"to": "destinatoin"}]},
            "copytrail.routes[0].to is 'destinatoin', not a bucket: did you mean 'destination'?",
        ),
    ],
)
def test_an_unknown_word_is_answered_with_the_one_that_was_meant(context: Mapping[str, Any], place: str) -> None:
    assert only_problem(context).startswith(place)


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


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ({"stackName": "under_score"}, "copytrail.stackName"),
        ({"copier": {"functionName": "a.b"}}, "copytrail.copier.functionName"),
        ({"auditor": {"roleName": "a b"}}, "copytrail.auditor.roleName"),
        ({"auditTable": {"name": "ab"}}, "copytrail.auditTable.name"),
        ({"transferBus": {"name": "a/b"}}, "copytrail.transferBus.name"),
        ({"transferBus": {"name": "default"}}, "copytrail.transferBus.name"),
        ({"alarms": {"topicArn": "ops"}}, "copytrail.alarms.topicArn"),
        (
            {"buckets": {**BOTH, "source": {"name": "abc", "existing": True, "account": "12"}}},
            "copytrail.buckets.source",
        ),
        ({"logLevel": "info"}, "copytrail.logLevel"),
        ({"logRetentionDays": 8}, "copytrail.logRetentionDays"),
        ({"copier": {"memoryMb": 127}}, "copytrail.copier.memoryMb"),
        ({"copier": {"memoryMb": 10_241}}, "copytrail.copier.memoryMb"),
        ({"copier": {"timeoutSeconds": 901}}, "copytrail.copier.timeoutSeconds"),
        (with_route(storageClass="COLD"), "copytrail.routes[0].storageClass is 'COLD': it must be one of STANDARD, "),
        ({"buckets": {**BOTH, "source": {"kmsKeyArn": "alias/mine"}}}, "copytrail.buckets.source.kmsKeyArn"),
        (
            {"buckets": {**BOTH, "source": {"kmsKeyArn": KEY.replace("key/", "alias/")}}},
            "copytrail.buckets.source.kmsKeyArn",
        ),
        ({"copier": {"batchSize": 0}}, "copytrail.copier.batchSize"),
        ({"copier": {"batchSize": 11}}, "copytrail.copier.batchSize"),
        ({"copier": {"batchingWindowSeconds": 301}}, "copytrail.copier.batchingWindowSeconds"),
        ({"copier": {"maxConcurrency": 1}}, "copytrail.copier.maxConcurrency"),
        ({"copier": {"maxReceiveCount": 4}}, "copytrail.copier.maxReceiveCount"),
        ({"alarms": {"oldestMessageSeconds": 0}}, "copytrail.alarms.oldestMessageSeconds"),
        ({"copier": {"functionName": "same"}, "auditor": {"functionName": "same"}}, "copytrail.auditor.functionName"),
        ({"copier": {"roleName": "same"}, "auditor": {"roleName": "same"}}, "copytrail.auditor.roleName"),
        (with_route(minSize=-1), "copytrail.routes[0].minSize"),
        (with_route(maxSize=5_000_000_001), "copytrail.routes[0].maxSize"),
    ],
)
def test_what_aws_would_refuse_is_refused_before_it_is_asked(context: Mapping[str, Any], place: str) -> None:
    assert only_problem(context).startswith(f"{place}")


@pytest.mark.parametrize("function", ["copier", "auditor"])
@pytest.mark.parametrize(("key", "value"), [("timeoutSeconds", 59), ("batchSize", 101)])
def test_what_a_function_could_not_hand_back_in_time_is_refused(function: str, key: str, value: int) -> None:
    context = {function: {key: value, "batchingWindowSeconds": 1}}
    assert only_problem(context).startswith(f"copytrail.{function}.{key} is {value}: it must be from ")


@pytest.mark.parametrize("key", ["multipartThresholdMiB", "partSizeMiB"])
@pytest.mark.parametrize("value", [0, 4, 5121])
def test_a_size_of_parts_that_s3_would_refuse_is_refused_with_the_reason(key: str, value: int) -> None:
    assert only_problem({"copier": {key: value}}) == (
        f"copytrail.copier.{key} is {value:,}: it must be from 5 to 5,120, as S3 takes parts of 5 MiB to 5 GiB, and"
        " copies up to 5 GiB in one request"
    )


@pytest.mark.parametrize("key", ["multipartThresholdMiB", "partSizeMiB"])
def test_a_copy_for_which_the_function_has_no_time_is_refused_with_both_ways_out(key: str) -> None:
    assert only_problem({"copier": {key: 1601}}) == (
        f"copytrail.copier.{key} is 1,601: in a timeoutSeconds of 120 a slow copy of so much does not end; make it"
        " 1,600 at most, or timeoutSeconds 121 at least"
    )
    assert read_settings({"copier": {key: 1600}}).copier.timeout_seconds == 120
    assert read_settings({"copier": {key: 5120, "timeoutSeconds": 296}}).copier.timeout_seconds == 296


def test_the_shortest_time_out_has_time_for_the_default_sizes() -> None:
    sizes = read_settings({"copier": {"timeoutSeconds": 60}}).copier.part_sizes
    assert (sizes.threshold, sizes.part) == (256 * MEBIBYTE, 64 * MEBIBYTE)


def test_only_the_copier_has_parts() -> None:
    assert only_problem({"auditor": {"partSizeMiB": 64}}).startswith("copytrail.auditor.partSizeMiB is not a setting")


def test_the_sizes_of_parts_are_told_in_bytes() -> None:
    asked = {"multipartThresholdMiB": 5120, "partSizeMiB": 5, "timeoutSeconds": 300}
    sizes = read_settings({"copier": asked}).copier.part_sizes
    assert sizes == PartSizes(threshold=5 * GIBIBYTE, part=5 * MEBIBYTE, largest=5 * GIBIBYTE)
    default = read_settings({}).copier.part_sizes
    assert default == PartSizes(threshold=256 * MEBIBYTE, part=64 * MEBIBYTE, largest=5 * GIBIBYTE)


def test_a_bucket_takes_the_key_that_it_encrypts_with() -> None:
    assert read_settings({"buckets": {**BOTH, "source": {"kmsKeyArn": KEY}}}).buckets["source"].kms_key_arn == KEY


def test_a_public_bucket_with_a_key_that_strangers_may_not_use_is_refused() -> None:
    buckets = {**BOTH, "source": {"kmsKeyArn": KEY, "publicRead": True}}
    assert only_problem({"buckets": buckets}).startswith("copytrail.buckets.source.kmsKeyArn does not go with")


@pytest.mark.parametrize(
    "context",
    [
        with_route(prefixes=["\ud800"]),
        with_route(suffixes=["a", "\udfffb"]),
        with_route(destinationPrefix="in/\ud83d"),
        {"stackName": "\ud800"},
        {"buckets": {**BOTH, "\ud800": {}}},
        {"\ud800": 1},
    ],
    ids=ascii,
)
def test_half_a_character_is_a_problem_like_others(context: Mapping[str, Any]) -> None:
    assert all(problem.startswith("copytrail") for problem in problems(context))


@pytest.mark.parametrize(
    ("context", "problem"),
    [
        ("text", "copytrail must be an object, not a text"),
        ({"stackName": 1}, "copytrail.stackName must be a text, not a number (1)"),
        ({"stackName": ""}, "copytrail.stackName must be a text, not an empty text"),
        ({"copier": []}, "copytrail.copier must be an object, not a list"),
        ({"copier": {"memoryMb": "1769"}}, 'copytrail.copier.memoryMb must be a whole number, not a text ("1769")'),
        ({"copier": {"memoryMb": True}}, "copytrail.copier.memoryMb must be a whole number, not true or false (true)"),
        (
            {"copier": {"memoryMb": 1.5}},
            "copytrail.copier.memoryMb must be a whole number, not a number with a fraction (1.5)",
        ),
        ({"routes": {}}, "copytrail.routes must be a list of objects, not an object"),
        ({"routes": []}, "copytrail.routes is empty: nothing would ever be copied"),
        (
            {"buckets": {**BOTH, "source": {"versioned": "yes"}}},
            'copytrail.buckets.source.versioned must be true or false, not a text ("yes")',
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(context: object, problem: str) -> None:
    assert problem in problems(context)


@pytest.mark.parametrize("value", [["a", ""], "a", ["a", 1], [None]])
def test_prefixes_are_texts_that_are_not_empty(value: object) -> None:
    assert only_problem(with_route(prefixes=value)).startswith("copytrail.routes[0].prefixes must be a list of texts")


def test_a_route_to_its_own_source_is_refused() -> None:
    assert "copytrail.routes[0] goes from 'source' to itself: source and destination must differ" in problems(
        {"routes": [{"from": "source", "to": "source"}]}
    )


def test_a_bucket_under_two_aliases_is_refused() -> None:
    buckets = {"source": {"name": "the-same"}, "destination": {"name": "the-same"}}
    assert only_problem({"buckets": buckets}).endswith("are both the-same; name that bucket once")


def test_a_route_that_is_wrong_by_itself_is_not_said_to_be_in_anothers_way_as_well() -> None:
    wrong = ROUTE | {"to": "source"}
    assert "to itself" in only_problem({"routes": [ROUTE, wrong]})


def test_routes_that_one_upload_could_take_are_refused() -> None:
    routes = [ROUTE | {"prefixes": ["in/"]}, ROUTE | {"suffixes": [".zip"]}]
    assert only_problem({"routes": routes}).startswith("copytrail.routes[0] and copytrail.routes[1] overlap")


def test_routes_that_no_upload_could_take_both_are_fine() -> None:
    routes = [ROUTE | {"prefixes": ["in/"]}, ROUTE | {"prefixes": ["out/"]}]
    assert len(read_settings({"routes": routes}).routes) == 2


def test_routes_in_a_circle_are_refused() -> None:
    routes = [ROUTE, {"from": "destination", "to": "source"}]
    assert only_problem({"routes": routes}).endswith("destination → source → destination")


def test_routes_from_two_sources_to_one_key_are_refused() -> None:
    buckets: Mapping[str, Any] = {"a": {}, "b": {}, "copies": {}}
    shared_keys = [{"from": "a", "to": "copies"}, {"from": "b", "to": "copies"}]
    assert "could write the same key in 'copies'" in only_problem({"buckets": buckets, "routes": shared_keys})
    own_keys = [route | {"destinationPrefix": f"{route['from']}/"} for route in shared_keys]
    assert len(read_settings({"buckets": buckets, "routes": own_keys}).routes) == 2


def test_two_sizes_of_one_source_may_share_a_destination() -> None:
    routes = [ROUTE | {"maxSize": 99}, ROUTE | {"minSize": 100, "maxSize": 200}]
    assert len(read_settings({"routes": routes}).routes) == 2


def test_a_minimum_size_alone_would_lose_large_objects_and_is_refused() -> None:
    assert "larger objects would be lost silently" in only_problem(with_route(minSize=1))


def test_sizes_that_nothing_has_are_refused() -> None:
    assert only_problem(with_route(minSize=2, maxSize=1)).startswith("copytrail.routes[0] takes nothing")


def test_a_public_destination_is_refused() -> None:
    buckets = {"source": {}, "destination": {"publicRead": True}}
    assert "a destination is always private" in only_problem({"buckets": buckets})


def test_a_bucket_on_no_route_is_refused() -> None:
    assert only_problem({"buckets": {**BOTH, "spare": {}}}) == (
        "copytrail.buckets.spare is on no route: add a route, or take the bucket out"
    )


def test_buckets_of_other_names_need_routes() -> None:
    found = problems({"buckets": {"left": {}, "right": {}}})
    assert found[0].startswith("copytrail.routes is missing")


@pytest.mark.parametrize(
    "bucket",
    [
        {"existing": True},
        {"existing": True, "name": "theirs", "publicRead": True},
        {"existing": True, "name": "theirs", "versioned": True},
        {"name": "ours", "account": "111122223333"},
    ],
)
def test_an_existing_bucket_is_named_and_left_alone_and_only_it_has_an_account(bucket: Mapping[str, Any]) -> None:
    assert only_problem({"buckets": {**BOTH, "source": bucket}}).startswith("copytrail.buckets.source.")


@pytest.mark.parametrize(
    "keys",
    [
        {"prefixes": ["é" * 513]},
        {"prefixes": ["p" * 1000], "suffixes": ["s" * 25]},
        {"prefixes": ["p" * 24], "suffixes": [".a"], "destinationPrefix": "d" * 999},
        {"suffixes": ["s" * 25], "destinationPrefix": "é" * 500},
    ],
    ids=["prefix", "prefix and suffix", "all three", "suffix"],
)
def test_texts_with_which_no_key_is_short_enough_are_refused(keys: Mapping[str, Any]) -> None:
    assert any("longer than any key" in problem for problem in problems(with_route(**keys)))


@pytest.mark.parametrize("prefix", ["d" * 1024, "é" * 512, "d" * 5000])
def test_a_destination_prefix_that_no_key_fits_behind_is_refused(prefix: str) -> None:
    assert any("no key fits behind it" in problem for problem in problems(with_route(destinationPrefix=prefix)))


@pytest.mark.parametrize("keys", [{"destinationPrefix": "d" * 1023}, {"prefixes": ["p" * 1024]}])
def test_texts_with_which_some_key_is_short_enough_are_taken(keys: Mapping[str, Any]) -> None:
    read_settings(with_route(**keys))


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


def test_a_prefix_too_long_for_a_rule_of_its_own_is_refused() -> None:
    assert "too long for EventBridge" in only_problem(with_route(prefixes=["日" * 340]))


def test_a_suffix_too_complex_for_a_rule_of_its_own_is_refused_beside_a_prefix() -> None:
    assert "too complex beside a prefix" in only_problem(with_route(prefixes=["in/"], suffixes=["0" * 9]))
    read_settings(with_route(prefixes=["in/"], suffixes=["0" * 8]))
    read_settings(with_route(suffixes=["0" * 9]))


def test_more_rules_than_a_bus_has_room_for_are_refused() -> None:
    texts = [f"{number:02}" for number in range(60)]
    problem = only_problem(with_route(prefixes=texts, suffixes=texts))
    assert problem.startswith("copytrail.routes take 841 EventBridge rules, and a bus has room for 300")


def test_more_routes_than_an_environment_holds_are_refused() -> None:
    routes = [ROUTE | {"prefixes": [f"{number:03}/"]} for number in range(40)]
    assert only_problem({"routes": routes}).startswith("copytrail.routes are too many")


def test_deletions_follow_to_a_versioned_destination_only() -> None:
    route = {"from": "source", "to": "destination", "deletes": True}
    plain: Mapping[str, Any] = {"source": {}, "destination": {}}
    versioned = {**plain, "destination": {"versioned": True}}

    assert "a deletion there would be for good" in only_problem({"buckets": plain, "routes": [route]})
    assert read_settings({"buckets": versioned, "routes": [route]}).routes[0].deletes
    assert "tell no size" in only_problem({"buckets": versioned, "routes": [route | {"maxSize": 5}]})
