"""Event source mappings: told, switched off and on, and deleted through Lambda's API as they really run.

moto never hears of a mapping (it would call Docker for every message), so that its own API knows of none. What it does
not find it answers with a code that is no code of Lambda's.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from moto.awslambda.exceptions import GenericResourcNotFound, InvalidParameterValueException
from moto.awslambda.models import LambdaBackend
from moto.utilities.arns import parse_arn

from localaws.gaps.patching import Patch, around
from localaws.models.lambda_ import REGISTRY, MappingState

# UpdateEventSourceMapping's parameters that are acted on; a template changes the others.
_CHANGEABLE = {"Enabled", "FunctionName", "UUID"}


def patches() -> Iterator[Patch]:
    """Answer from the mappings that run."""
    yield around(LambdaBackend, "list_event_source_mappings", _list)
    yield around(LambdaBackend, "get_event_source_mapping", _get)
    yield around(LambdaBackend, "update_event_source_mapping", _update)
    yield around(LambdaBackend, "delete_event_source_mapping", _delete)


class _Configuration:
    """A mapping as moto's HTTP layer asks for it."""

    def __init__(self, state: MappingState, backend: LambdaBackend) -> None:
        self.queue_arn = state.mapping.queue_arn
        self.function_arn = str(backend.get_function(state.mapping.function_name).function_arn)
        self._state = state

    def get_configuration(self) -> dict[str, Any]:
        """EventSourceMappingConfiguration of Lambda's API."""
        mapping = self._state.mapping
        arn = parse_arn(self.function_arn)
        place = f"{arn.region}:{arn.account}"
        concurrency = mapping.max_concurrency
        return {
            "UUID": mapping.id,
            "EventSourceMappingArn": f"arn:aws:lambda:{place}:event-source-mapping:{mapping.id}",
            "EventSourceArn": mapping.queue_arn,
            "FunctionArn": self.function_arn,
            "BatchSize": mapping.batch_size,
            "MaximumBatchingWindowInSeconds": int(mapping.window_s),
            "FunctionResponseTypes": ["ReportBatchItemFailures"] if mapping.reports_item_failures else [],
            "ScalingConfig": {} if concurrency is None else {"MaximumConcurrency": concurrency},
            "State": self._state.text,
            "StateTransitionReason": "USER_INITIATED",
        }


def _list(
    _: Callable[..., Any], self: LambdaBackend, event_source_arn: str | None, function_name: str | None
) -> Sequence[_Configuration]:
    found = [_Configuration(state, self) for state in REGISTRY.listener.mappings()]
    if function_name:
        arn = self.get_function(function_name).function_arn
        found = [each for each in found if each.function_arn == arn]
    return [each for each in found if event_source_arn in {None, each.queue_arn}]


def _get(_: Callable[..., Any], self: LambdaBackend, uuid: str) -> _Configuration:
    for state in REGISTRY.listener.mappings():
        if state.mapping.id == uuid:
            return _Configuration(state, self)
    raise GenericResourcNotFound


def _update(original: Callable[..., Any], self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> _Configuration:
    _get(original, self, uuid)
    if others := spec.keys() - _CHANGEABLE:
        raise InvalidParameterValueException(
            f"the embedded AWS changes {', '.join(sorted(others))} of a mapping through its template only"
        )
    if "Enabled" in spec:
        REGISTRY.listener.mapping_enabled(uuid, enabled=bool(spec["Enabled"]))
    return _get(original, self, uuid)


def _delete(original: Callable[..., Any], self: LambdaBackend, uuid: str) -> _Configuration:
    deleted = _get(original, self, uuid)
    REGISTRY.listener.mapping_removed(uuid)
    return deleted
