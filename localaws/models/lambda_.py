"""Functions and event source mappings as templates describe them: the Lambda service hears of both."""

import hashlib
from typing import Any, ClassVar

from moto.awslambda.models import LambdaFunction
from moto.awslambda.utils import get_backend
from moto.sqs.models import sqs_backends

from localaws.models.base import Model, Place, Properties, Refined, refused
from localaws.models.lambda_registry import REGISTRY, FunctionSpec, MappingSpec

# From "CreateEventSourceMapping" in the Lambda API reference.
_BATCH_WITHOUT_WINDOW = 10
_LEAST_CONCURRENCY = 2


class Function(Refined):
    """AWS::Lambda::Function: moto keeps it to be described, the registry's listener runs it."""

    base: ClassVar[Any] = LambdaFunction

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:
        """Tell the registry's listener; moto's CloudFormation drops the architecture, so set that as well."""
        if not resource.handler or not str(resource.run_time).startswith("python"):
            raise refused(f"{resource.function_name}: the embedded AWS runs Python functions from a zip only")
        resource.architectures = properties.get("Architectures", ["x86_64"])
        variables = properties.get("Environment", {}).get("Variables", {})
        REGISTRY.listener.function_put(
            FunctionSpec(
                name=resource.function_name,
                arn=resource.function_arn,
                account_id=place.account_id,
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

    def __init__(self, mapping: MappingSpec) -> None:
        self.mapping = mapping

    @property
    def physical_resource_id(self) -> str:
        """What `Ref` gives: the mapping's UUID."""
        return self.mapping.id

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """What `Fn::GetAtt` gives."""
        if attribute_name == "Id":
            return self.mapping.id
        raise refused(f"AWS::Lambda::EventSourceMapping has no attribute {attribute_name}")

    @classmethod
    def make(cls, name: str, properties: Properties, place: Place) -> "EventSourceMapping":
        """Tell the registry's listener."""
        mapping = _mapping(hashlib.sha256(name.encode()).hexdigest()[:32], properties)
        _check(mapping, place)
        REGISTRY.listener.mapping_put(mapping)
        return cls(mapping)

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: Place) -> "EventSourceMapping":  # noqa: ARG003
        """Tell the registry's listener under the same id."""
        mapping = _mapping(original.physical_resource_id, properties)
        _check(mapping, place)
        REGISTRY.listener.mapping_put(mapping)
        return cls(mapping)

    @classmethod
    def remove(cls, name: str, properties: Properties, place: Place) -> None:  # noqa: ARG003  # its id is its name
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
    )


def _check(mapping: MappingSpec, place: Place) -> None:
    """Refuse what Lambda refuses, so that a template that deploys here deploys there."""
    queue = sqs_backends[place.account_id][place.region].queues.get(mapping.queue_name)
    if queue is None:
        raise refused(
            f"the event source mapping of {mapping.function_name} names {mapping.queue_arn}, which is no queue"
        )
    timeout_s = get_backend(place.account_id, place.region).get_function(mapping.function_name).timeout
    if int(queue.visibility_timeout) < int(timeout_s):  # type: ignore[attr-defined]  # moto sets it by name
        raise refused(
            f"queue visibility timeout: {queue.visibility_timeout} seconds is less than "  # type: ignore[attr-defined]
            f"function timeout: {timeout_s} seconds"
        )
    if mapping.batch_size > _BATCH_WITHOUT_WINDOW and mapping.window_s < 1:
        raise refused("MaximumBatchingWindowInSeconds must be at least 1 when BatchSize is greater than 10")
    if mapping.max_concurrency is not None and mapping.max_concurrency < _LEAST_CONCURRENCY:
        raise refused("ScalingConfig.MaximumConcurrency must be at least 2")
