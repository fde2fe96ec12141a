"""The `PlacementLedger` on DynamoDB: an item per destination key, and one per version that was placed there.

The key's item holds the lease, the newest placement, and the pending version (`Unsettled`, as tables in use have it);
every change of it is conditional. The versions' items are there for messages that come again, and expire.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from services.copier.model import (
    KeyState,
    Lease,
    LeaseHeldError,
    LeaseLostError,
    Location,
    NotNewerError,
    Placement,
    Version,
)
from shared import placement_table, times
from shared.errors import Reason
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

# No version id has this form.
_KEY_ITSELF = "#key"
# A dead letter may be sent back for 14 days, and is tried for some time after.
_REMEMBERED_FOR = timedelta(days=16)

_LEASE = "LeaseOwner, LeaseUntil"
_FREE = "(attribute_not_exists(LeaseUntil) OR LeaseUntil < :now OR LeaseOwner = :owner)"
_ITS_TURN = "(attribute_not_exists(NewestPosition) OR NewestPosition < :position)"


class DynamoDbPlacementLedger:
    """The `PlacementLedger` on a DynamoDB table."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def take(self, destination: Location, version: Version, lease: Lease) -> KeyState:
        """UpdateItem on the condition that the key is free, and nothing as new has been placed."""
        update = "SET LeaseOwner = :owner, LeaseUntil = :until, Unsettled = if_not_exists(Unsettled, :version)"
        values = {
            ":owner": lease.owner,
            ":now": times.to_text(lease.taken_at),
            ":until": times.to_text(lease.until),
            ":position": version.position,
            ":version": _encode(version),
        }
        with translated("dynamodb:UpdateItem", self._table_name):
            try:
                before = self._dynamodb.update_item(
                    TableName=self._table_name,
                    Key=_key(destination, _KEY_ITSELF),
                    UpdateExpression=update,
                    ConditionExpression=f"{_FREE} AND {_ITS_TURN}",
                    ExpressionAttributeValues=_texts(values),
                    ReturnValues="ALL_OLD",
                ).get("Attributes", {})
            except self._dynamodb.exceptions.ConditionalCheckFailedException as refused:
                newest = _decode(self._item(destination, _KEY_ITSELF), "Newest", Placement)
                if newest and newest.version.position >= version.position:
                    raise NotNewerError(newest) from refused
                raise LeaseHeldError from refused
        return KeyState(_decode(before, "Newest", Placement), _decode(before, "Unsettled", Version))

    def set_pending(self, destination: Location, version: Version, owner: str) -> None:
        """UpdateItem of the pending version."""
        self._update_own(destination, owner, "SET Unsettled = :next", {":next": _encode(version)})

    def place(self, destination: Location, placement: Placement, owner: str, *, then: Version | None) -> None:
        """UpdateItem of the newest placement, and of what is next or the lease's end."""
        newest = {":position": placement.version.position, ":newest": _encode(placement)}
        if then:
            update = "SET NewestPosition = :position, Newest = :newest, Unsettled = :next"
            self._update_own(destination, owner, update, newest | {":next": _encode(then)})
        else:
            update = f"SET NewestPosition = :position, Newest = :newest REMOVE {_LEASE}, Unsettled"
            self._update_own(destination, owner, update, newest)

    def release(self, destination: Location, owner: str, *, clear_pending: bool) -> None:
        """UpdateItem without the lease."""
        self._update_own(destination, owner, f"REMOVE {_LEASE}" + (", Unsettled" if clear_pending else ""), {})

    def remember(self, destination: Location, placement: Placement) -> None:
        """PutItem of the version's own item."""
        expires_at = int((placement.at + _REMEMBERED_FOR).timestamp())
        with translated("dynamodb:PutItem", self._table_name):
            self._dynamodb.put_item(
                TableName=self._table_name,
                Item={
                    **_key(destination, placement.version.id),
                    "Placement": {"S": _encode(placement)},
                    placement_table.EXPIRES_AT: {"N": str(expires_at)},
                },
            )

    def recall(self, destination: Location, version_id: str) -> Placement | None:
        """GetItem of the version's own item."""
        with translated("dynamodb:GetItem", self._table_name):
            return _decode(self._item(destination, version_id), "Placement", Placement)

    def _update_own(self, destination: Location, owner: str, update: str, values: dict[str, str]) -> None:
        with translated("dynamodb:UpdateItem", self._table_name):
            try:
                self._dynamodb.update_item(
                    TableName=self._table_name,
                    Key=_key(destination, _KEY_ITSELF),
                    UpdateExpression=update,
                    ConditionExpression="LeaseOwner = :owner",
                    ExpressionAttributeValues=_texts({":owner": owner, **values}),
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as refused:
                problem = f"the lease of {destination.url} ran out before its version was placed"
                raise LeaseLostError(Reason.CONTENDED, problem) from refused

    def _item(self, destination: Location, version_id: str) -> Any:
        return self._dynamodb.get_item(
            TableName=self._table_name, Key=_key(destination, version_id), ConsistentRead=True
        ).get("Item", {})


def _key(destination: Location, version_id: str) -> Any:
    return {
        placement_table.PARTITION_KEY: {"S": f"{destination.bucket}/{destination.key}"},
        placement_table.SORT_KEY: {"S": version_id},
    }


def _texts(values: dict[str, str]) -> Any:
    return {name: {"S": value} for name, value in values.items()}


def _encode(value: Placement | Version) -> str:
    return msgspec.json.encode(value).decode()


def _decode(item: Any, attribute: str, kind: type[T]) -> T | None:
    return msgspec.json.decode(item[attribute]["S"], type=kind) if attribute in item else None
