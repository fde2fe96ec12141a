"""What can be set, with which values, and what holds where nothing is set."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from infra.bundling import ROOT
from infra.settings.buckets import Bucket
from infra.validation import CONTEXT_KEY, read_settings
from shared.copy_plan import GIBIBYTE, MEBIBYTE, PartSizes
from shared.routes import Route
from tests.unit.infra.contexts import BOTH, KEY, only_problem, with_route

ROLE = "arn:aws:iam::111122223333:role/admin"


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


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ({"stackName": "under_score"}, "copytrail.stackName"),
        ({"copier": {"functionName": "a.b"}}, "copytrail.copier.functionName"),
        ({"auditor": {"roleName": "a b"}}, "copytrail.auditor.roleName"),
        ({"auditTable": {"name": "ab"}}, "copytrail.auditTable.name"),
        ({"auditTable": {"breakGlassRoleArn": "admin"}}, "copytrail.auditTable.breakGlassRoleArn"),
        ({"auditTable": {"backupDays": 0}}, "copytrail.auditTable.backupDays is 0: it must be from 1 to 36,500"),
        # A pattern, and a session, stand for others than one role.
        ({"auditTable": {"breakGlassRoleArn": f"{ROLE}*"}}, "copytrail.auditTable.breakGlassRoleArn"),
        (
            {"auditTable": {"breakGlassRoleArn": ROLE.replace("iam", "sts").replace("role", "assumed-role")}},
            "copytrail.auditTable.breakGlassRoleArn",
        ),
        ({"transferBus": {"name": "bus"}}, "copytrail.transferBus is no setting any more: the bus is named after"),
        ({"alarms": {"topicArn": "ops"}}, "copytrail.alarms.topicArn"),
        ({"alarms": {"email": "ops"}}, "copytrail.alarms.email"),
        ({"alarms": {"email": "ops@example.com, dev@example.com"}}, "copytrail.alarms.email"),
        ({"alarms": {"uploadToCopiedSeconds": 0}}, "copytrail.alarms.uploadToCopiedSeconds"),
        ({"buckets": {**BOTH, "source": {"requestMetrics": "a b"}}}, "copytrail.buckets.source.requestMetrics"),
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


def test_only_the_copier_has_parts() -> None:
    assert only_problem({"auditor": {"partSizeMiB": 64}}).startswith("copytrail.auditor.partSizeMiB is not a setting")


def test_the_sizes_of_parts_are_told_in_bytes() -> None:
    asked = {"multipartThresholdMiB": 5120, "partSizeMiB": 5, "timeoutSeconds": 300}
    sizes = read_settings({"copier": asked}).copier.part_sizes
    assert sizes == PartSizes(threshold=5 * GIBIBYTE, part=5 * MEBIBYTE, largest=5 * GIBIBYTE)
    default = read_settings({}).copier.part_sizes
    assert default == PartSizes(threshold=256 * MEBIBYTE, part=256 * MEBIBYTE, largest=5 * GIBIBYTE)


def test_a_bucket_takes_the_key_that_it_encrypts_with() -> None:
    assert read_settings({"buckets": {**BOTH, "source": {"kmsKeyArn": KEY}}}).buckets["source"].kms_key_arn == KEY
