"""EventBridge and DynamoDB, as clients that answer what boto3's would."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.audit_log.schema import PARTITION_KEY
from tests.simulation.faults import Network
from tests.simulation.guards import Guards


class EventsClient:
    """PutEvents: takes each entry or refuses it, in an answer of 200. `deliver` gets what is taken: type and detail."""

    def __init__(self, network: Network, guards: Guards, deliver: Callable[[str, str], None]) -> None:
        self._network = network
        self._guards = guards
        self._deliver = deliver

    def put_events(self, *, Entries: list[Mapping[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        """Deliver what is accepted."""

        def effect() -> dict[str, Any]:
            return {"Entries": [self._verdict(entry) for entry in Entries]}

        return self._network.call("PutEvents", effect)

    def _verdict(self, entry: Mapping[str, Any]) -> dict[str, str]:
        if self._network.refuses_entry():
            refusal = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
            return refusal if self._guards.failed_entries else {}
        self._deliver(entry["DetailType"], entry["Detail"])
        return {"EventId": "1"}


class ConditionalCheckFailedError(Exception):
    """The item is there already."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__("The conditional request failed")
        self.response = {"Item": item}


class _Exceptions:
    ConditionalCheckFailedException = ConditionalCheckFailedError


class DynamoDbClient:
    """PutItem under a condition. `on_change`: told of an item that was there and is not the same any more."""

    exceptions = _Exceptions

    def __init__(self, network: Network, guards: Guards, on_change: Callable[[str], None]) -> None:
        self.items: dict[str, Mapping[str, Any]] = {}
        self._network = network
        self._guards = guards
        self._on_change = on_change

    def put_item(self, **parameters: Any) -> None:
        """Keep the item, unless its key is taken."""
        item: Mapping[str, Any] = parameters["Item"]
        log_id = item[PARTITION_KEY]["S"]

        def effect() -> None:
            existing = self.items.get(log_id)
            if existing is not None and self._guards.conditional_put:
                raise ConditionalCheckFailedError(existing)
            if existing is not None and existing != item:
                self._on_change(log_id)
            self.items[log_id] = item

        self._network.call("PutItem", effect)
