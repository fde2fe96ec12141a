"""Checks of the two functions, and of the event source mappings that feed them from their queues."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ops.dlq.queue import QueueName
from ops.doctor.check import Check, Problem
from ops.stack import Output, Stack
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_NOT_THERE = "ResourceNotFoundException"
_OF = (
    (QueueName.COPY, Output.COPIER_FUNCTION_NAME, Output.COPIER_MAPPING_ID),
    (QueueName.AUDIT, Output.AUDITOR_FUNCTION_NAME, Output.AUDITOR_MAPPING_ID),
)
# What a mapping is or is about to be where messages get through ("EventSourceMappingConfiguration", Lambda API
# reference).
_ON = {"Creating", "Enabled", "Enabling", "Updating"}
# Without it, a batch that a function answers for is deleted whole ("Implementing partial batch responses", Lambda
# developer guide).
_REPORTS = "ReportBatchItemFailures"


def function_checks(lambda_: "LambdaClient", stack: Stack) -> Iterator[Check]:
    """One for each mapping, and for each function.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack of this version.
    """
    for queue, name_output, id_output in _OF:
        name, mapping_id = stack.output(name_output), stack.output(id_output)
        subject = f"event source mapping {mapping_id} ({queue} queue to {name})"
        function_arn = stack.resource_arn("lambda", f"function:{name}")
        yield Check(subject, partial(_mapping_problems, lambda_, mapping_id, queue, function_arn))
        yield Check(f"function {name}", partial(_function_problems, lambda_, name))


def _mapping_problems(
    lambda_: "LambdaClient", mapping_id: str, queue: QueueName, function_arn: str
) -> Iterator[Problem]:
    try:
        with translated("lambda:GetEventSourceMapping", mapping_id):
            found = lambda_.get_event_source_mapping(UUID=mapping_id)
    except CopytrailError as error:
        if error.reason != _NOT_THERE:
            raise
        yield Problem(f"it is not there: nobody takes messages from the {queue} queue")
        return
    update = f"aws lambda update-event-source-mapping --uuid {mapping_id}"
    if found["State"] not in _ON:
        yield Problem(
            f"it is {found['State'].lower()}: nobody takes messages from the {queue} queue", f"{update} --enabled"
        )
    yield from _losses(found, function_arn, update)


def _losses(found: Any, function_arn: str, update: str) -> Iterator[Problem]:
    """What of a mapping has messages deleted that nobody has worked on."""
    if _REPORTS not in found.get("FunctionResponseTypes", []):
        yield Problem(
            "it does not hear which messages of a batch failed: they are deleted as if they had been worked on",
            f"{update} --function-response-types {_REPORTS}",
        )
    # "How Lambda deletes filtered-out messages", Lambda developer guide; `{}` takes all filters away.
    if found.get("FilterCriteria", {}).get("Filters"):
        yield Problem("it has filters: messages that they leave out are deleted", f"{update} --filter-criteria '{{}}'")
    if found["FunctionArn"] != function_arn:
        name = function_arn.rpartition(":")[2]
        yield Problem(f"it sends to {found['FunctionArn']}, and not to {name}", f"{update} --function-name {name}")


def _function_problems(lambda_: "LambdaClient", name: str) -> Iterator[Problem]:
    try:
        with translated("lambda:GetFunctionConfiguration", name):
            found = lambda_.get_function_configuration(FunctionName=name)
        with translated("lambda:GetFunctionConcurrency", name):
            reserved = lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    except CopytrailError as error:
        if error.reason != _NOT_THERE:
            raise
        yield Problem("it is not there")
        return
    # `Inactive` and `Pending` pass by themselves, with the next invocation ("Lambda function states").
    if found.get("State") == "Failed":
        yield Problem(f"it cannot run ({found.get('StateReason', 'no reason is told')})")
    if found.get("LastUpdateStatus") == "Failed":
        why = found.get("LastUpdateStatusReason", "no reason is told")
        yield Problem(f"its last update failed, and the code before it runs ({why})")
    if reserved == 0:
        yield Problem(
            "its reserved concurrency is 0, so that it is never run",
            f"aws lambda delete-function-concurrency --function-name {name}",
        )
