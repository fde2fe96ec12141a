"""Functions and event source mappings as templates describe them, and who is told of both.

moto keeps the resources; who runs the functions and pumps the queues listens here.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.cloudformation.exceptions import ValidationError
from moto.sqs.models import sqs_backends

from localaws.models.base import AccountAndRegion, Model, Properties, Refined

# From "CreateEventSourceMapping" in the Lambda API reference.
_BATCH_WITHOUT_WINDOW = 10
_LEAST_CONCURRENCY = 2


@dataclass(frozen=True)
class FunctionSpec:
    """A function as the template describes it. `code` is the deployed zip."""

    name: str
    arn: str
    region: str
    handler: str
    timeout_s: int
    memory_mb: int
    log_group: str
    environment: dict[str, str]
    code: bytes = field(repr=False)


@dataclass(frozen=True)
class MappingSpec:
    """An event source mapping of an SQS queue as the template describes it."""

    id: str
    queue_arn: str
    function_name: str
    batch_size: int
    window_s: float
    reports_item_failures: bool
    enabled: bool
    max_concurrency: int | None
    has_pollers: bool

    @property
    def queue_name(self) -> str:
        """The queue's name, which ends its ARN."""
        return self.queue_arn.rsplit(":", 1)[1]


@dataclass(frozen=True)
class MappingState:
    """A mapping as it runs. `busy`: a batch is on its way through the function."""

    mapping: MappingSpec
    enabled: bool
    busy: bool

    @property
    def text(self) -> str:
        """Lambda's word for it. Batches that are under way when a mapping is disabled are worked on to their end."""
        if self.enabled:
            return "Enabled"
        return "Disabling" if self.busy else "Disabled"


class Listener:
    """Hears of functions and mappings while the stack is created, and so must not wait. This one does nothing."""

    def function_put(self, spec: FunctionSpec) -> None:
        """A function was created or changed."""

    def mapping_put(self, mapping: MappingSpec) -> None:
        """A mapping was created or changed."""

    def mapping_removed(self, mapping_id: str) -> None:
        """A mapping was deleted."""

    def mapping_enabled(self, mapping_id: str, *, enabled: bool) -> None:
        """A mapping was switched on or off."""

    def mappings(self) -> Sequence[MappingState]:
        """The mappings that there are."""
        return ()


@dataclass
class Registry:
    """Hands what the templates say to the one listener there is; without one, nothing runs."""

    listener: Listener = field(default_factory=Listener)


# moto's state is the process's, so this is too.
REGISTRY = Registry()


class Function(Refined):
    """AWS::Lambda::Function: moto keeps it to be described, the registry's listener runs it."""

    base: ClassVar[Any] = LambdaFunction

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
        """Tell the registry's listener; moto's CloudFormation drops the architecture, so set that as well."""
        if not resource.handler or not str(resource.run_time).startswith("python"):
            raise ValidationError(
                message=f"{resource.function_name}: the embedded AWS runs Python functions from a zip only"
            )
        resource.architectures = properties.get("Architectures", ["x86_64"])
        variables = properties.get("Environment", {}).get("Variables", {})
        REGISTRY.listener.function_put(
            FunctionSpec(
                name=resource.function_name,
                arn=resource.function_arn,
                region=place.region,
                handler=resource.handler,
                timeout_s=int(resource.timeout),
                memory_mb=int(resource.memory_size),
                log_group=properties.get("LoggingConfig", {}).get("LogGroup", resource.logs_group_name),
                environment={name: str(value) for name, value in variables.items()},
                code=resource.code_bytes,
            )
        )


class EventSourceMapping(Model):
    """AWS::Lambda::EventSourceMapping of an SQS queue. moto must never hear of it: it would call Docker."""

    def __init__(self, mapping: MappingSpec, place: AccountAndRegion) -> None:
        self.mapping = mapping
        self._arn = f"arn:aws:lambda:{place.region}:{place.account_id}:event-source-mapping:{mapping.id}"

    @property
    def physical_resource_id(self) -> str:
        """What `Ref` gives: its UUID."""
        return self.mapping.id

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """What `Fn::GetAtt` gives."""
        if attribute_name == "Id":
            return self.mapping.id
        if attribute_name == "EventSourceMappingArn":
            return self._arn
        raise ValidationError(message=f"AWS::Lambda::EventSourceMapping has no attribute {attribute_name}")

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> "EventSourceMapping":
        """Tell the registry's listener of a new mapping."""
        return cls._put(str(uuid.uuid4()), properties, place)

    @classmethod
    def change(
        cls, original: "EventSourceMapping", name: str, properties: Properties, place: AccountAndRegion
    ) -> "EventSourceMapping":
        """Tell the registry's listener of the mapping, which keeps its UUID."""
        return cls._put(original.mapping.id, properties, place)

    @classmethod
    def _put(cls, mapping_id: str, properties: Properties, place: AccountAndRegion) -> "EventSourceMapping":
        mapping = _mapping(mapping_id, properties)
        _check(mapping, place)
        REGISTRY.listener.mapping_put(mapping)
        return cls(mapping, place)

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
        """Tell the registry's listener."""
        REGISTRY.listener.mapping_removed(name)


def _mapping(mapping_id: str, properties: Properties) -> MappingSpec:
    concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
    return MappingSpec(
        id=mapping_id,
        queue_arn=properties["EventSourceArn"],
        function_name=str(properties["FunctionName"]).rsplit(":", 1)[-1],
        batch_size=int(properties.get("BatchSize", 10)),
        window_s=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        reports_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        enabled=str(properties.get("Enabled", True)).lower() == "true",
        max_concurrency=None if concurrency is None else int(concurrency),
        has_pollers="ProvisionedPollerConfig" in properties,
    )


def _check(mapping: MappingSpec, place: AccountAndRegion) -> None:
    """Refuse what Lambda refuses, so that a template that deploys here deploys there."""
    queue = sqs_backends[place.account_id][place.region].queues.get(mapping.queue_name)
    if queue is None:
        raise ValidationError(
            message=f"the event source mapping of {mapping.function_name} names {mapping.queue_arn}, which is no queue"
        )
    timeout_s = get_backend(place.account_id, place.region).get_function(mapping.function_name).timeout
    if int(queue.visibility_timeout) < int(timeout_s):  # type: ignore[attr-defined]  # moto sets it by name
        raise ValidationError(
            message=f"queue visibility timeout: {queue.visibility_timeout} seconds is less than "  # type: ignore[attr-defined]
            f"function timeout: {timeout_s} seconds"
        )
    if mapping.batch_size > _BATCH_WITHOUT_WINDOW and mapping.window_s < 1:
        raise ValidationError(
            message="MaximumBatchingWindowInSeconds must be at least 1 when BatchSize is greater than 10"
        )
    if mapping.max_concurrency is not None and mapping.max_concurrency < _LEAST_CONCURRENCY:
        raise ValidationError(message="ScalingConfig.MaximumConcurrency must be at least 2")
    if mapping.max_concurrency is not None and mapping.has_pollers:
        raise ValidationError(message="ScalingConfig and ProvisionedPollerConfig cannot be used together")
