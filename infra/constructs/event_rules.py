"""EventBridge rules that send events to a queue, and the queue policies that let them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IDependable

from infra.event_patterns import Pattern


@dataclass(frozen=True)
class Bus:
    """An event bus by its name, and what must be there before a rule may name it."""

    name: str
    created_by: IDependable | None = None


DEFAULT_BUS = Bus("default")


@dataclass(frozen=True)
class EventRule:
    """Events of a bus that a queue gets: those that match one of the patterns, each a rule of its own in EventBridge.

    `identity` is text that stays the same as long as the rule does.
    """

    description: str
    identity: str
    patterns: Sequence[Pattern]
    bus: Bus = DEFAULT_BUS

    def name(self, stack_name: str, number: int) -> str:
        """The name of the rule of a pattern, by its number from 0, known before there is one; at most 64 characters."""
        identity = f"{self.identity} {number + 1}" if number else self.identity
        digest = hashlib.sha256(json.dumps([stack_name, identity]).encode()).hexdigest()[:12]
        return f"{_begin(stack_name)}{digest}"

    def described(self, number: int) -> str:
        """What the rule of a pattern is for."""
        return f"{self.description} ({number + 1} of {len(self.patterns)})" if number else self.description


class EventRules(Construct):
    """The rules of a queue. What EventBridge cannot deliver there, it puts into the dead-letter queue.

    Both queues let rules in by how this stack's rules are named, not by which there are: EventBridge drops what a queue
    and its dead-letter queue both refuse, and a deployment that changes the rules changes the queues' policies first.
    """

    def __init__(
        self, scope: Construct, id_: str, *, queue: sqs.Queue, dead_letter_queue: sqs.Queue, rules: Sequence[EventRule]
    ) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        patterns = [_rules_of(stack, bus) for bus in dict.fromkeys(rule.bus for rule in rules)]
        let_in = [
            target.add_to_resource_policy(_senders(target, patterns)).policy_dependable
            for target in (queue, dead_letter_queue)
        ]
        before = [policy for policy in let_in if policy is not None]
        for rule in rules:
            placed = [
                self._place(rule, number, queue, dead_letter_queue, after=before)
                for number in range(len(rule.patterns))
            ]
            # An update leaves to new rules what it takes from the first: no event comes between.
            for other in placed[1:]:
                placed[0].node.add_dependency(other)

    def _place(
        self,
        rule: EventRule,
        number: int,
        queue: sqs.Queue,
        dead_letter_queue: sqs.Queue,
        *,
        after: Sequence[IDependable],
    ) -> events.CfnRule:
        name = rule.name(Stack.of(self).stack_name, number)
        resource = events.CfnRule(
            self,
            name.rpartition("-")[2],
            name=name,
            description=rule.described(number),
            # A name, not a reference: it is known before the bus is made.
            event_bus_name=rule.bus.name,
            event_pattern=rule.patterns[number],
            targets=[
                events.CfnRule.TargetProperty(
                    id="Queue",
                    arn=queue.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=dead_letter_queue.queue_arn),
                )
            ],
        )
        resource.node.add_dependency(*after)
        if rule.bus.created_by is not None:
            resource.node.add_dependency(rule.bus.created_by)
        return resource


def _begin(stack_name: str) -> str:
    """How the name of each rule of a stack begins."""
    return f"{stack_name[:50]}-"


def _rules_of(stack: Stack, bus: Bus) -> str:
    """The pattern of the ARNs of a stack's rules on a bus; the default bus is not named in them."""
    path = "" if bus == DEFAULT_BUS else f"{bus.name}/"
    return stack.format_arn(service="events", resource="rule", resource_name=f"{path}{_begin(stack.stack_name)}*")


def _senders(queue: sqs.Queue, rules: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="RulesMaySend",
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnLike": {"aws:SourceArn": list(rules)}},
    )
