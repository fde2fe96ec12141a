"""EventBridge rules that send events to a queue, and the queue policies that let them."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IDependable

from infra.constructs.buffered_function import BufferedFunction
from infra.permissions import arn_of_rules
from shared.event_rules import DEFAULT_BUS, EventRule


class EventRules(Construct):
    """The rules of a queue. What EventBridge cannot deliver there, it puts into the dead-letter queue.

    Both queues let rules in by how this stack's rules are named, not by which there are: EventBridge drops what a queue
    and its dead-letter queue both refuse, and a deployment that changes the rules changes the queues' policies first.
    `taken_by`: the function that takes from the queue; it is changed before the rules are, and taken down after them.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        taken_by: BufferedFunction,
        rules: Sequence[EventRule],
        transfer_bus: IDependable,
    ) -> None:
        super().__init__(scope, id_)
        stack = Stack.of(self)
        patterns = [arn_of_rules(stack, bus) for bus in dict.fromkeys(rule.bus for rule in rules)]
        let_in = [
            target.add_to_resource_policy(_senders(target, patterns)).policy_dependable
            for target in (taken_by.queue, taken_by.dead_letter_queue)
        ]
        before = [*(policy for policy in let_in if policy is not None), taken_by.mapping]
        for rule in rules:
            after = before if rule.bus == DEFAULT_BUS else [*before, transfer_bus]
            placed = [self._place(rule, number, taken_by, after=after) for number in range(len(rule.patterns))]
            # An update leaves to new rules what it takes from the first: no event comes between.
            for other in placed[1:]:
                placed[0].node.add_dependency(other)

    def _place(
        self, rule: EventRule, number: int, taken_by: BufferedFunction, *, after: Sequence[IDependable]
    ) -> events.CfnRule:
        name = rule.name(Stack.of(self).stack_name, number)
        resource = events.CfnRule(
            self,
            name.rpartition("-")[2],
            name=name,
            description=rule.described(number),
            event_bus_name=rule.bus,
            event_pattern=rule.patterns[number],
            targets=[
                events.CfnRule.TargetProperty(
                    id="Queue",
                    arn=taken_by.queue.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=taken_by.dead_letter_queue.queue_arn
                    ),
                )
            ],
        )
        resource.node.add_dependency(*after)
        return resource


def _senders(queue: sqs.Queue, rules: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="RulesMaySend",
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["sqs:SendMessage"],
        resources=[queue.queue_arn],
        conditions={"ArnLike": {"aws:SourceArn": list(rules)}},
    )
