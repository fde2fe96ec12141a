"""DynamoDB on the emulated AWS: conditional writes are one step, and indexes give everything in order."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import table as moto_table

from shared.audit_log import schema


@pytest.fixture
def make_table() -> Callable[[Any], None]:
    """Make the audit table with its two indexes."""

    def make(aws: Any) -> None:
        indexes = {
            schema.BY_OBJECT: (schema.SOURCE_OBJECT, schema.UPLOADED_AT),
            schema.BY_DAY: (schema.DAY_SHARD, schema.FINISHED_ORDER),
        }
        names = [schema.PARTITION_KEY, *(name for keys in indexes.values() for name in keys)]
        aws.dynamodb.create_table(
            TableName="audit",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            KeySchema=[{"AttributeName": schema.PARTITION_KEY, "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": index,
                    "KeySchema": [
                        {"AttributeName": keys[0], "KeyType": "HASH"},
                        {"AttributeName": keys[1], "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
                for index, keys in indexes.items()
            ],
        )

    return make


def _append(aws: Any, log_id: str, uploaded_at: str = "2026-01-01", by: str = "") -> None:
    item = {
        "LogID": log_id,
        "SourceObject": "bucket/key",
        "UploadedAt": uploaded_at,
        "DayShard": "2026-01-01#0",
        "FinishedOrder": f"{uploaded_at}#{log_id}",
        "By": by or "x",
    }
    aws.dynamodb.put_item(
        TableName="audit",
        Item={name: {"S": value} for name, value in item.items()},
        ConditionExpression="attribute_not_exists(LogID)",
    )


def test_of_two_appends_at_once_of_one_record_exactly_one_is_made(
    gap_aws: Any,
    make_table: Callable[[Any], None],
    at_once: Callable[..., list[Any]],
    meeting_point: Callable[[Any, str], None],
) -> None:
    make_table(gap_aws)
    meeting_point(moto_table, "get_filter_expression")

    results = at_once(lambda: _append(gap_aws, "1", by="a"), lambda: _append(gap_aws, "1", by="b"))

    refused = [result.response["Error"]["Code"] for result in results if isinstance(result, ClientError)]
    assert refused == ["ConditionalCheckFailedException"]


def test_reading_while_others_write_never_fails(
    aws: Any, make_table: Callable[[Any], None], at_once: Callable[..., list[Any]]
) -> None:
    make_table(aws)

    def write(writer: int) -> None:
        for n in range(20):
            _append(aws, f"{writer}-{n}")

    def read() -> None:
        for _ in range(20):
            aws.dynamodb.scan(TableName="audit")

    results = at_once(lambda: write(0), lambda: write(1), read, read)

    assert results == [None] * 4
    assert aws.dynamodb.scan(TableName="audit")["Count"] == 40


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_an_index_gives_every_item_once_in_order_page_by_page(
    aws: Any, make_table: Callable[[Any], None], page: int, forward: bool
) -> None:
    make_table(aws)
    # Two uploads may share a moment: the index's key is not unique.
    for log_id, uploaded_at in [("c", "2026-01-02"), ("a", "2026-01-01"), ("b", "2026-01-02"), ("d", "2026-01-03")]:
        _append(aws, log_id, uploaded_at)
    found: list[Any] = []
    more: dict[str, Any] = {}

    while True:
        answer = aws.dynamodb.query(
            TableName="audit",
            IndexName="ByObject",
            KeyConditionExpression="SourceObject = :object AND UploadedAt BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":object": {"S": "bucket/key"},
                ":first": {"S": "2026-01-01"},
                ":last": {"S": "2026-01-03"},
            },
            ScanIndexForward=forward,
            Limit=page,
            **more,
        )
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            break
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    times = [item["UploadedAt"]["S"] for item in found]
    assert sorted(item["LogID"]["S"] for item in found) == ["a", "b", "c", "d"]
    assert times == sorted(times, reverse=not forward)
