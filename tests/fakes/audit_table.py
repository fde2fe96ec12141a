"""Owns an empty audit table, keyed and indexed as the deployed one, for tests that have no template."""

from typing import TYPE_CHECKING

from shared import audit_schema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import GlobalSecondaryIndexTypeDef

_INDEXES = {
    audit_schema.BY_OBJECT: (audit_schema.SOURCE_OBJECT, audit_schema.UPLOADED_AT),
    audit_schema.BY_DAY: (audit_schema.DAY_SHARD, audit_schema.FINISHED_ORDER),
}


def create_audit_table(dynamodb: "DynamoDBClient", name: str) -> None:
    """Create the table and its two indexes."""
    keys = [audit_schema.PARTITION_KEY, *(key for index in _INDEXES.values() for key in index)]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": audit_schema.PARTITION_KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        GlobalSecondaryIndexes=[_index(index, *index_keys) for index, index_keys in _INDEXES.items()],
    )


def _index(name: str, partition_key: str, sort_key: str) -> "GlobalSecondaryIndexTypeDef":
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": partition_key, "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
