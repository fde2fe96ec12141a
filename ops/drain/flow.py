"""The flow of uploads through a stack: the rules that let them in, and the mappings that take them from the queues."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from ops.dlq.queue import QueueName
from ops.errors import CommandError
from ops.event_rules import deployed_rules
from ops.stack import Output, Stack
from ops.terminal.progress import waiting
from ops.terminal.prompts import note
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient

_NO_RULE = "ResourceNotFoundException"
# A mapping is in between for some seconds ("EventSourceMappingConfiguration", Lambda API reference).
_READS = 60
_BETWEEN_READS_S = 1.0


class Flow:
    """What of a stack is turned off and on: the rules that feed its copy queue, and its functions' mappings."""

    def __init__(self, stack: Stack, events: "EventBridgeClient", lambda_: "LambdaClient") -> None:
        self._events = events
        self._rules = list(deployed_rules(stack, QueueName.COPY))
        self.copier = Mapping(stack.output(Output.COPIER_MAPPING_ID), lambda_)
        self.auditor = Mapping(stack.output(Output.AUDITOR_MAPPING_ID), lambda_)

    def stop(self) -> int:
        """Let nothing in any more, and have what is in worked on; how many rules are disabled.

        Raises:
            CopytrailError: EventBridge or Lambda refused or did not answer.
            CommandError: a mapping takes too long.
        """
        disabled = self._each_rule("events:DisableRule", self._events.disable_rule)
        self.auditor.switch(enabled=True)
        self.copier.switch(enabled=True)
        return disabled

    def resume(self) -> int:
        """Let uploads in again, once they are taken and recorded; how many rules are enabled.

        Raises:
            CopytrailError: EventBridge or Lambda refused or did not answer.
            CommandError: a mapping takes too long.
        """
        self.auditor.switch(enabled=True)
        self.copier.switch(enabled=True)
        return self._each_rule("events:EnableRule", self._events.enable_rule)

    def _each_rule(self, action: str, call: Callable[..., object]) -> int:
        done = 0
        for rule in self._rules:
            try:
                with translated(action, f"{rule.bus}/{rule.name}"):
                    call(Name=rule.name, EventBusName=rule.bus)
                done += 1
            except CopytrailError as error:
                if error.reason != _NO_RULE:
                    raise
                note(f"there is no rule {rule.name} on the bus {rule.bus}: somebody deleted it")
        return done


class Mapping:
    """An event source mapping: whether a function takes from its queue."""

    def __init__(self, mapping_id: str, client: "LambdaClient") -> None:
        self._id = mapping_id
        self._client = client

    def _state(self) -> str:
        with translated("lambda:GetEventSourceMapping", self._id):
            return self._client.get_event_source_mapping(UUID=self._id)["State"]

    def switch(self, *, enabled: bool) -> None:
        """Have the function take from its queue, or nothing more; wait until it is so.

        Raises:
            CopytrailError: Lambda refused or did not answer.
            CommandError: it takes longer than a minute.
        """
        target, other = ("Enabled", "Disabled") if enabled else ("Disabled", "Enabled")
        with waiting(f"Waiting until the mapping {self._id} is {target.lower()}"):
            for _ in range(_READS):
                if (state := self._state()) == target:
                    return
                # Lambda refuses a change of one that is in between.
                if state == other:
                    with translated("lambda:UpdateEventSourceMapping", self._id):
                        self._client.update_event_source_mapping(UUID=self._id, Enabled=enabled)
                    if self._state() == target:
                        return
                time.sleep(_BETWEEN_READS_S)
        raise CommandError(
            f"the mapping {self._id} is {state}, not {target}, after a minute: run the same command again"
        )
