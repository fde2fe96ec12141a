"""Owns what a deployed template says about Lambda: its functions, and the queues that feed them.

moto makes the resources; who runs the functions and pumps the queues listens here.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class FunctionSpec:
    """A function as the template describes it. `code` is the deployed zip."""

    name: str
    arn: str
    account_id: str
    region: str
    handler: str
    timeout_s: int
    memory_mb: int
    log_group: str
    environment: dict[str, str] = field(hash=False)
    code: bytes = field(repr=False)


@dataclass(frozen=True)
class MappingSpec:
    """An event source mapping of an SQS queue as the template describes it."""

    id: str
    queue_arn: str
    function_name: str
    batch_size: int = 10
    window_s: float = 0.0
    reports_item_failures: bool = False
    enabled: bool = True
    max_concurrency: int | None = None

    @property
    def queue_name(self) -> str:
        """The queue's name, which ends its ARN."""
        return self.queue_arn.rsplit(":", 1)[1]


class Listener(Protocol):
    """Who hears of functions and mappings: called on the thread that creates the stack, so it must not wait."""

    def function_put(self, spec: FunctionSpec) -> None:
        """A function was created or changed."""

    def mapping_put(self, mapping: MappingSpec) -> None:
        """A mapping was created or changed."""

    def mapping_removed(self, mapping_id: str) -> None:
        """A mapping was deleted."""


class Registry:
    """Hands what the templates say to the one listener there is; without a listener, nothing runs."""

    def __init__(self) -> None:
        self._listener: Listener | None = None

    def attach(self, listener: Listener | None) -> None:
        """Make this the listener; None lets go of the last one."""
        self._listener = listener

    def function_put(self, spec: FunctionSpec) -> None:
        """Tell of a function that was created or changed."""
        if self._listener:
            self._listener.function_put(spec)

    def mapping_put(self, mapping: MappingSpec) -> None:
        """Tell of a mapping that was created or changed."""
        if self._listener:
            self._listener.mapping_put(mapping)

    def mapping_removed(self, mapping_id: str) -> None:
        """Tell of a mapping that was deleted."""
        if self._listener:
            self._listener.mapping_removed(mapping_id)


# moto's state is the process's, so this is too.
REGISTRY = Registry()
