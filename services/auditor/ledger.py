"""The only writes to the audit table: one append per LogID, never changed afterwards."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from services.auditor.worker import Appended, LogIdConflictError
from shared.audit_log.items import AnyRecord, read_item
from shared.audit_log.schema import PARTITION_KEY
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbLedger:
    """The `Ledger` on a DynamoDB table."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name

    def append(self, record: AnyRecord) -> Appended:
        """PutItem on the condition that the LogID is new; a refused one is told apart by what is there already.

        Raises:
            LogIdConflictError: another upload's record is there under this LogID.
            CopytrailError: DynamoDB did not accept the call.

        Source: "PutItem" in the DynamoDB API reference (`ReturnValuesOnConditionCheckFailure`).
        """
        with translated("dynamodb:PutItem", self._table_name):
            try:
                self._dynamodb.put_item(
                    TableName=self._table_name,
                    Item=record.to_item(),
                    ConditionExpression="attribute_not_exists(#id)",
                    ExpressionAttributeNames={"#id": PARTITION_KEY},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._dynamodb.exceptions.ConditionalCheckFailedException as refused:
                existing = cast(Mapping[str, Any], refused.response).get("Item", {})
            else:
                return Appended.NEW
        _check_same(record, existing)
        return Appended.DUPLICATE


def _check_same(record: AnyRecord, item: Mapping[str, Any]) -> None:
    """Let a record pass when the item under its LogID stands for the same.

    Raises:
        LogIdConflictError: it stands for something else, or is no record at all.
    """
    try:
        existing = read_item(item)
    except ValueError as error:
        raise LogIdConflictError(record, f"an item that is no record ({error})") from error
    if existing.identity != record.identity:
        raise LogIdConflictError(record, existing.title)
