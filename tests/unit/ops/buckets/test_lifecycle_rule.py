"""`copytrail lifecycle-rule` adds a rule for orphaned parts, and keeps every other rule of the bucket."""

import copy
import json
from typing import Any

import pytest

from ops.buckets.commands import lifecycle_rule
from shared.operations import OperationKind
from shared.routes import Route
from tests.fakes.bucket_configurations import BucketStack, FakeS3

ARCHIVE: dict[str, Any] = {
    "ID": "archive",
    "Filter": {"And": {"Prefix": "old/", "Tags": [{"Key": "keep", "Value": "no"}]}},
    "Status": "Enabled",
    "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
}
OF_BEFORE_FILTERS = {"ID": "logs", "Prefix": "logs/", "Status": "Disabled", "Expiration": {"Days": 1}}
OF_ITS_OWN = {"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}
THEIRS = {"Rules": [ARCHIVE, OF_BEFORE_FILTERS], "TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}


def ours(days: int, prefix: str = "", id_: str = "copytrail-orphaned-parts") -> dict[str, Any]:
    return {
        "ID": id_,
        "Filter": {"Prefix": prefix},
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days},
    }


def a_stack(lifecycle: Any = None, **more: Any) -> BucketStack:
    return BucketStack(FakeS3(lifecycle=copy.deepcopy(lifecycle)), **more)


def test_by_default_all_rules_are_printed_as_the_aws_client_takes_them_and_nothing_is_put() -> None:
    stack = a_stack(THEIRS)
    ended = stack.run(lifecycle_rule, "destination", "--days", "3")
    assert (ended.exit_code, stack.s3.puts) == (0, [])
    assert "--transition-default-minimum-object-size varies_by_storage_class" in ended.stderr
    assert json.loads(ended.stdout) == {"Rules": [ARCHIVE, OF_BEFORE_FILTERS, ours(3)]}


def test_applied_it_keeps_every_rule_and_the_size_from_which_objects_change_class() -> None:
    stack = a_stack(THEIRS)
    ended = stack.run(lifecycle_rule, "copies", "--apply", "--yes")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert stack.s3.lifecycle == THEIRS | {"Rules": [ARCHIVE, OF_BEFORE_FILTERS, ours(7)]}
    assert [(told["kind"], told["subject"]) for told in stack.bus.details] == [
        (OperationKind.REMOVE_ORPHANED_PARTS, "s3://copies")
    ] * 2


def test_a_bucket_without_rules_gets_its_first() -> None:
    stack = a_stack()
    assert stack.run(lifecycle_rule, "destination", "--apply", "--yes").exit_code == 0
    assert stack.s3.lifecycle == {"Rules": [ours(7)]} | OF_ITS_OWN


def test_another_number_of_days_replaces_our_rule_and_the_same_changes_nothing() -> None:
    stack = a_stack()
    for days in ("7", "2", "2"):
        assert stack.run(lifecycle_rule, "destination", "--days", days, "--apply", "--yes").exit_code == 0
    assert stack.s3.lifecycle == {"Rules": [ours(2)]} | OF_ITS_OWN
    assert len(stack.s3.puts) == 2


def test_the_rule_of_another_stack_that_writes_to_the_same_bucket_stays() -> None:
    def its_stack(prefix: str, s3: FakeS3) -> BucketStack:
        route = Route(source_bucket="uploads", destination_bucket="copies", destination_prefix=prefix)
        return BucketStack(s3, routes=(route,))

    s3 = FakeS3()
    for prefix in ("a/", "b/", "a/", "b/"):
        assert its_stack(prefix, s3).run(lifecycle_rule, "destination", "--apply", "--yes").exit_code == 0
    assert [rule["Filter"]["Prefix"] for rule in s3.lifecycle["Rules"]] == ["a/", "b/"]  # type: ignore[index]
    # Neither found anything to do when asked again, in whatever order the rules are.
    assert len(s3.puts) == 2


def test_only_what_the_routes_write_is_covered() -> None:
    routes = [
        Route(source_bucket="uploads", destination_bucket="copies", destination_prefix=prefix)
        for prefix in ("b/", "a/", "a/deep/")
    ]
    ended = a_stack(routes=tuple(routes)).run(lifecycle_rule, "destination")
    rules = json.loads(ended.stdout)["Rules"]
    assert [rule["Filter"] for rule in rules] == [{"Prefix": "a/"}, {"Prefix": "b/"}]
    assert len({rule["ID"] for rule in rules}) == 2


@pytest.mark.parametrize("written", [{"Filter": {"Prefix": "a"}}, {"Prefix": ""}, {"Filter": {}}])
def test_a_rule_that_does_so_already_is_enough(written: dict[str, Any]) -> None:
    rule = ours(1, id_="theirs") | written
    if "Prefix" in written:
        del rule["Filter"]
    routes = (Route(source_bucket="uploads", destination_bucket="copies", destination_prefix="a/"),)
    stack = a_stack({"Rules": [rule]}, routes=routes)
    ended = stack.run(lifecycle_rule, "destination", "--apply", "--yes")
    assert (ended.exit_code, stack.s3.puts) == (0, [])
    assert "the rule 'theirs' of s3://copies removes parts after 1 day already" in ended.stderr


def test_a_rule_that_has_no_id_is_told_as_such() -> None:
    theirs = ours(1)
    del theirs["ID"]
    ended = a_stack({"Rules": [theirs]}).run(lifecycle_rule, "destination")
    assert "a rule without an id of s3://copies removes parts after 1 day already" in ended.stderr


@pytest.mark.parametrize("changes", [{"Status": "Disabled"}, {"Filter": {"Prefix": "elsewhere/"}}])
def test_a_rule_that_is_off_or_for_other_keys_is_not(changes: dict[str, Any]) -> None:
    theirs = ours(1, id_="theirs") | changes
    ended = a_stack({"Rules": [theirs]}).run(lifecycle_rule, "destination")
    assert json.loads(ended.stdout)["Rules"] == [theirs, ours(7)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["source"], "no route ends at 'source'"), (["destination", "--yes"], "--yes belongs to --apply")],
)
def test_what_makes_no_sense_is_one_line(arguments: list[str], says: str) -> None:
    ended = a_stack().run(lifecycle_rule, *arguments)
    assert ended.exit_code == 2
    assert says in ended.stderr
