"""EventBridge rules of a stack: which there are, what each is called, and which events they let through."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared.event_patterns import AUDITED, COPY_REQUESTS, Pattern, upload_patterns
from shared.routes import Route

DEFAULT_BUS = "default"


@dataclass(frozen=True)
class EventRule:
    """Events of a bus that a queue gets: those that match one of the patterns, each a rule of its own in EventBridge.

    `identity` is text that stays the same as long as the rule does. The bus is named, not referred to: its name is
    known before it is made.
    """

    description: str
    identity: str
    patterns: Sequence[Pattern]
    bus: str = DEFAULT_BUS

    def name(self, stack_name: str, number: int) -> str:
        """The name of the rule of a pattern, by its number from 0, known before there is one; at most 64 characters."""
        identity = f"{self.identity} {number + 1}" if number else self.identity
        digest = hashlib.sha256(json.dumps([stack_name, identity]).encode()).hexdigest()[:12]
        return f"{beginning_of_names(stack_name)}{digest}"

    def described(self, number: int) -> str:
        """What the rule of a pattern is for."""
        return f"{self.description} ({number + 1} of {len(self.patterns)})" if number else self.description


def copy_rules(routes: Sequence[Route], named: Sequence[Route], *, transfer_bus: str) -> list[EventRule]:
    """The rules of the copy queue.

    Args:
        routes: between the aliases of buckets.
        named: the same routes between the names of the buckets.
        transfer_bus: its name.
    """
    along_routes = [
        # The route's own words name its rule: another route in front of it changes nothing.
        EventRule(
            f"uploads on the route {route.source_bucket} to {route.destination_bucket}",
            msgspec.json.encode(route).decode(),
            upload_patterns(with_names),
        )
        for route, with_names in zip(routes, named, strict=True)
    ]
    return [*along_routes, EventRule("copies that were asked for", "requests", [COPY_REQUESTS], transfer_bus)]


def audit_rules(*, transfer_bus: str) -> list[EventRule]:
    """The rules of the audit queue."""
    return [EventRule("how transfers ended, and what operators did", "completions", [AUDITED], transfer_bus)]


def beginning_of_names(stack_name: str) -> str:
    """How the name of each rule of a stack begins."""
    return f"{stack_name[:50]}-"


def in_arn(bus: str, name: str) -> str:
    """What a rule's ARN ends in after `rule/`; the default bus is not named in it."""
    return name if bus == DEFAULT_BUS else f"{bus}/{name}"
