"""Functions and event source mappings as a deployed template describes them, and who is told of them.

moto makes the resources; who runs the functions and pumps the queues listens here.
"""

from dataclasses import dataclass, field


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


class Listener:
    """Hears of functions and mappings while the stack is created, and so must not wait. This one does nothing."""

    def function_put(self, spec: FunctionSpec) -> None:
        """A function was created or changed."""

    def mapping_put(self, mapping: MappingSpec) -> None:
        """A mapping was created or changed."""

    def mapping_removed(self, mapping_id: str) -> None:
        """A mapping was deleted."""


@dataclass
class Registry:
    """Hands what the templates say to the one listener there is; without one, nothing runs."""

    listener: Listener = field(default_factory=Listener)


# moto's state is the process's, so this is too.
REGISTRY = Registry()
