"""EventBridge rules of a deployed stack: which there must be in front of a queue, by the stack's own routes."""

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import structs

from ops.dlq.queue import QueueName
from ops.stack import Output, Stack
from shared.event_patterns import Pattern
from shared.event_rules import audit_rules, copy_rules, in_arn


@dataclass(frozen=True)
class DeployedRule:
    """A rule as it was deployed."""

    name: str
    bus: str
    description: str
    pattern: Pattern
    arn: str


def deployed_rules(stack: Stack, queue: QueueName) -> Iterator[DeployedRule]:
    """The rules that send to a queue.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    bus = stack.output(Output.TRANSFER_BUS_NAME)
    if queue is QueueName.AUDIT:
        rules = audit_rules(transfer_bus=bus)
    else:
        aliases = {name: alias for alias, name in stack.bucket_names.items()}
        routes = [
            # Rules are named after the routes between the aliases.
            structs.replace(
                route,
                source_bucket=aliases[route.source_bucket],
                destination_bucket=aliases[route.destination_bucket],
            )
            for route in stack.routes
        ]
        rules = copy_rules(routes, stack.routes, transfer_bus=bus)
    for rule in rules:
        for number, pattern in enumerate(rule.patterns):
            name = rule.name(stack.name, number)
            arn = stack.resource_arn("events", f"rule/{in_arn(rule.bus, name)}")
            yield DeployedRule(name, rule.bus, rule.described(number), pattern, arn)
