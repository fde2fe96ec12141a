"""What runs, with what it is given."""

import ast
import json

import pytest

from infra.bundling import ROOT
from tests.infra.template import Readable, Resources, Template, of_type, variables


def test_there_is_no_function_but_the_two_and_no_custom_resource(template: Template) -> None:
    kinds = [resource["Type"] for resource in template["Resources"].values()]
    assert kinds.count("AWS::Lambda::Function") == 2
    assert not [kind for kind in kinds if kind.startswith(("Custom::", "AWS::CloudFormation::"))]


@pytest.mark.parametrize(
    ("function", "service", "memory_mb", "timeout_s"),
    [("Copier", "copier", 512, 120), ("Auditor", "auditor", 512, 60)],
)
def test_both_run_python_3_13_on_arm64(
    resources: Resources, function: str, service: str, memory_mb: int, timeout_s: int
) -> None:
    properties = resources("AWS::Lambda::Function")[f"{function}Function"]
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Handler"] == f"services.{service}.handler.handler"
    assert (properties["MemorySize"], properties["Timeout"]) == (memory_mb, timeout_s)
    assert properties["LoggingConfig"] == {"LogGroup": f"{function}LogGroup"}


@pytest.mark.parametrize("function", ["Copier", "Auditor"])
def test_a_handler_is_a_function_in_the_sources(resources: Resources, function: str) -> None:
    module, _, name = resources("AWS::Lambda::Function")[f"{function}Function"]["Handler"].rpartition(".")
    tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text())
    assert name in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_the_copier_is_told_what_it_needs(template: Template) -> None:
    given = dict(variables(template, "CopierFunction"))
    assert json.loads(given.pop("ROUTES")) == [
        {"sourceBucket": "Bucketssource", "destinationBucket": "Bucketsdestination"}
    ]
    assert json.loads(given.pop("BUCKET_OWNERS")) == {
        "Bucketssource": "AWS::AccountId",
        "Bucketsdestination": "AWS::AccountId",
    }
    assert given == {
        "POWERTOOLS_SERVICE_NAME": "copytrail-copier",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "MAX_RECEIVE_COUNT": "5",
        "TRANSFER_BUS_NAME": "TransferBus",
        "MULTIPART_THRESHOLD_BYTES": str(256 * 1024**2),
        "PART_SIZE_BYTES": str(256 * 1024**2),
        "LARGEST_PART_BYTES": str(5120 * 1024**2),
        "COPY_QUEUE_URL": "CopierQueue",
        "COPY_DLQ_URL": "CopierDeadLetterQueue",
    }


def test_the_auditor_is_told_what_it_needs(template: Template) -> None:
    assert variables(template, "AuditorFunction") == {
        "POWERTOOLS_SERVICE_NAME": "copytrail-auditor",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "MAX_RECEIVE_COUNT": "5",
        "AUDIT_TABLE_NAME": "AuditTable",
        "AUDIT_QUEUE_URL": "AuditorQueue",
        "AUDIT_DLQ_URL": "AuditorDeadLetterQueue",
    }


def test_logs_and_metrics_say_which_stack_they_are_of(readable: Readable) -> None:
    template = readable({"stackName": "blue"})
    names = [variables(template, name)["POWERTOOLS_SERVICE_NAME"] for name in ("CopierFunction", "AuditorFunction")]
    assert names == ["blue-copier", "blue-auditor"]


def test_only_the_copier_may_go_round_through_its_own_queue(resources: Resources) -> None:
    functions = resources("AWS::Lambda::Function")
    assert functions["CopierFunction"]["RecursiveLoop"] == "Allow"
    assert "RecursiveLoop" not in functions["AuditorFunction"]


@pytest.mark.parametrize(("function", "concurrency"), [("Copier", 50), ("Auditor", 10)])
def test_a_mapping_takes_batches_and_answers_for_each_message(
    resources: Resources, function: str, concurrency: int
) -> None:
    assert resources("AWS::Lambda::EventSourceMapping")[f"{function}Mapping"] == {
        "FunctionName": f"{function}Function",
        "EventSourceArn": f"{function}Queue.Arn",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": concurrency},
    }


def test_logs_are_kept_for_as_long_as_asked(resources: Resources, readable: Readable) -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert {name: group["RetentionInDays"] for name, group in groups.items()} == {
        "CopierLogGroup": 90,
        "AuditorLogGroup": 90,
    }
    asked = of_type(readable({"logRetentionDays": 731}), "AWS::Logs::LogGroup")
    assert [group["RetentionInDays"] for group in asked.values()] == [731] * 2


def test_what_is_set_for_a_function_reaches_its_queue_and_mapping(readable: Readable) -> None:
    copier = {"memoryMb": 3008, "timeoutSeconds": 300, "batchSize": 100, "batchingWindowSeconds": 2}
    limits = {"maxConcurrency": 7, "maxReceiveCount": 9, "multipartThresholdMiB": 5, "partSizeMiB": 5120}
    found = readable({"copier": copier | limits})["Resources"]
    function = found["CopierFunction"]["Properties"]
    assert (function["MemorySize"], function["Timeout"]) == (3008, 300)
    given = function["Environment"]["Variables"]
    assert given["MAX_RECEIVE_COUNT"] == "9"
    assert (given["MULTIPART_THRESHOLD_BYTES"], given["PART_SIZE_BYTES"]) == ("5242880", "5368709120")
    assert given["LARGEST_PART_BYTES"] == "5368709120"
    queue = found["CopierQueue"]["Properties"]
    assert (queue["VisibilityTimeout"], queue["RedrivePolicy"]["maxReceiveCount"]) == (6 * 300 + 2, 9)
    mapping = found["CopierMapping"]["Properties"]
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 2)
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 7}
