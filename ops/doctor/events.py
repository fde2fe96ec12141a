"""Checks of how events get into a queue: buses, rules with their targets, and the queue's own policy."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from shlex import quote
from typing import TYPE_CHECKING, Any

from ops.aws.sqs import raw_attributes
from ops.dlq.queue import QueueName
from ops.doctor.check import Check, Problem
from ops.doctor.queue_policy import lets_in
from ops.event_rules import DeployedRule, deployed_rules
from ops.stack import Output, Stack
from shared.errors import CopytrailError
from shared.event_rules import DEFAULT_BUS
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

_NOT_THERE = "ResourceNotFoundException"
_NO_QUEUE = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")
# A target that has one of these gets another text than the event.
_TRANSFORMED = {"Input", "InputPath", "InputTransformer"}


@dataclass(frozen=True)
class Feed:
    """A queue, its dead-letter queue, and the rules that send to both."""

    queue: QueueName
    url: str
    dlq_url: str
    arn: str
    dlq_arn: str
    rules: Sequence[DeployedRule]


def feeds(stack: Stack) -> Iterator[Feed]:
    """The copy queue's and the audit queue's.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    for queue in QueueName:
        url, dlq_url = queue.url(stack), queue.dlq_url(stack)
        yield Feed(
            queue,
            url,
            dlq_url,
            stack.resource_arn("sqs", url.rpartition("/")[2]),
            stack.resource_arn("sqs", dlq_url.rpartition("/")[2]),
            list(deployed_rules(stack, queue)),
        )


def event_checks(events: "EventBridgeClient", sqs: "SQSClient", stack: Stack) -> Iterator[Check]:
    """One for the bus, for each rule, and for each of the four queues.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    bus = stack.output(Output.TRANSFER_BUS_NAME)
    keys = stack.key_arns
    yield Check(f"event bus {bus}", lambda: _bus_problems(events, bus))
    for feed in feeds(stack):
        for rule in feed.rules:
            yield Check(f"rule {rule.name} ({rule.description})", partial(_rule_problems, events, rule, feed))
        yield Check(f"{feed.queue} queue", partial(_queue_problems, sqs, feed, feed.url, feed.arn, keys))
        yield Check(feed.queue.dlq, partial(_queue_problems, sqs, feed, feed.dlq_url, feed.dlq_arn, keys))


def _bus_problems(events: "EventBridgeClient", bus: str) -> Iterator[Problem]:
    try:
        with translated("events:DescribeEventBus", bus):
            events.describe_event_bus(Name=bus)
    except CopytrailError as error:
        if error.reason != _NOT_THERE:
            raise
        yield Problem("it is not there, so that outcomes and requests go to nobody")


def _rule_problems(events: "EventBridgeClient", rule: DeployedRule, feed: Feed) -> Iterator[Problem]:
    try:
        with translated("events:DescribeRule", rule.name):
            found = events.describe_rule(Name=rule.name, EventBusName=rule.bus)
        with translated("events:ListTargetsByRule", rule.name):
            targets = events.list_targets_by_rule(Rule=rule.name, EventBusName=rule.bus)["Targets"]
    except CopytrailError as error:
        if error.reason != _NOT_THERE:
            raise
        yield Problem(f"it is not there: nothing of this gets into the {feed.queue} queue")
        return
    named = _named(rule)
    if not found["State"].startswith("ENABLED"):
        yield Problem("it is disabled: its events are dropped", f"aws events enable-rule --name {named}")
    if json.loads(found.get("EventPattern", "null")) != rule.pattern:
        yield Problem("its pattern is not the one that was deployed")
    target = next((target for target in targets if target["Arn"] == feed.arn), None)
    # One that is there keeps its id: a second one would get each event again.
    target_id = target["Id"] if target else "Queue"
    deployed = {"Id": target_id, "Arn": feed.arn, "DeadLetterConfig": {"Arn": feed.dlq_arn}}
    put = f"aws events put-targets --rule {named} --targets {quote(json.dumps([deployed]))}"
    if target is None:
        yield Problem(f"the {feed.queue} queue is not among its targets: its events are dropped", put)
    elif target.keys() & _TRANSFORMED:
        yield Problem(f"it sends the {feed.queue} queue another text than the event", put)
    elif target.get("DeadLetterConfig", {}).get("Arn") != feed.dlq_arn:
        yield Problem(f"what it cannot deliver does not go to the {feed.queue.dlq}, and is lost", put)


def _named(rule: DeployedRule) -> str:
    return rule.name if rule.bus == DEFAULT_BUS else f"{rule.name} --event-bus-name {rule.bus}"


def _queue_problems(sqs: "SQSClient", feed: Feed, url: str, arn: str, keys: Collection[str]) -> Iterator[Problem]:
    try:
        attributes = raw_attributes(sqs, url, "Policy", "RedrivePolicy", "KmsMasterKeyId")
    except CopytrailError as error:
        if error.reason not in _NO_QUEUE:
            raise
        yield Problem("it is not there")
        return
    refused = [rule for rule in feed.rules if not lets_in(attributes.get("Policy"), queue_arn=arn, rule_arn=rule.arn)]
    if refused:
        names = ", ".join(rule.name for rule in refused)
        then = f"events go to the {feed.queue.dlq}" if url == feed.url else "what the queue refuses as well is lost"
        yield Problem(f"its policy does not let {names} send to it: {then}")
    # EventBridge may use no key whose policy does not name it, and the one of AWS's own does not ("Amazon SQS
    # permissions", EventBridge user guide).
    if (key := attributes.get("KmsMasterKeyId")) and not any(arn.endswith(key) for arn in keys):
        yield Problem(
            f"it is encrypted with {key}, which is no key of the stack: EventBridge may not be able to send to it"
        )
    if url == feed.url and _dead_letter_arn(attributes) != feed.dlq_arn:
        yield Problem(f"what kills its function again and again does not go to the {feed.queue.dlq}")


def _dead_letter_arn(attributes: Mapping[str, str]) -> Any:
    return json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
