"""Event buses, queues and queue policies as templates describe them."""

import json
from typing import Any, ClassVar

from moto.events.models import EventBus as MotoEventBus
from moto.sqs.models import Queue as MotoQueue
from moto.sqs.models import sqs_backends

from localaws.models.base import Model, Place, Properties, Refined


class EventBus(Refined):
    """AWS::Events::EventBus with a `Ref`: moto's has none, which breaks every rule that refers to its bus."""

    base: ClassVar[Any] = MotoEventBus

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:  # noqa: ARG003  # one place only
        """Give the bus its `Ref`, description and dead-letter queue."""
        resource.physical_resource_id = resource.name
        resource.description = properties.get("Description")
        resource.dead_letter_config = properties.get("DeadLetterConfig")


class Queue(Refined):
    """AWS::SQS::Queue; moto creates it whole, but on an update changes two of its attributes only."""

    base: ClassVar[Any] = MotoQueue

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:
        """Set the attributes as SetQueueAttributes does."""
        attributes = {name: value for name, value in properties.items() if name not in {"QueueName", "Tags"}}
        sqs_backends[place.account_id][place.region].set_queue_attributes(resource.name, attributes)


class QueuePolicy(Model):
    """AWS::SQS::QueuePolicy. The embedded AWS keeps policies to be read; it does not enforce them."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @classmethod
    def make(cls, name: str, properties: Properties, place: Place) -> "QueuePolicy":
        """Put the policy on each of its queues."""
        backend = sqs_backends[place.account_id][place.region]
        for url in properties["Queues"]:
            backend.set_queue_attributes(_queue_name(url), {"Policy": json.dumps(properties["PolicyDocument"])})
        return cls(name)

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: Place) -> "QueuePolicy":  # noqa: ARG003
        """Put the new policy in the old one's place."""
        return cls.make(original.physical_resource_id, properties, place)

    @classmethod
    def remove(cls, name: str, properties: Properties, place: Place) -> None:  # noqa: ARG003  # found by its queues
        """Leave the queues without a policy; a queue that is gone already needs none."""
        queues = sqs_backends[place.account_id][place.region].queues
        for url in properties.get("Queues", []):
            if queue := queues.get(_queue_name(url)):
                queue.policy = None


def _queue_name(url: Any) -> str:
    return str(url).rsplit("/", 1)[-1]
