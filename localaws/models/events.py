"""Owns event buses as templates describe them."""

from typing import Any, ClassVar

from moto.events.models import EventBus as MotoEventBus

from localaws.models.base import Place, Properties, Refined


class EventBus(Refined):
    """AWS::Events::EventBus with a `Ref`: moto's has none, which breaks every rule that refers to its bus."""

    base: ClassVar[Any] = MotoEventBus

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:  # noqa: ARG003  # one place only
        """Give the bus its `Ref`, description and dead-letter queue."""
        resource.physical_resource_id = resource.name
        resource.description = properties.get("Description")
        resource.dead_letter_config = properties.get("DeadLetterConfig")
