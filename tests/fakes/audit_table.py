"""An empty audit table, keyed and indexed as the deployed one, for tests that have no template."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from localaws.gaps import gaps_closed
from shared.audit_log import schema

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import GlobalSecondaryIndexTypeDef

_INDEXES = {
    schema.BY_OBJECT: (schema.SOURCE_OBJECT, schema.UPLOADED_AT),
    schema.BY_DAY: (schema.DAY_SHARD, schema.FINISHED_ORDER),
}


def create_audit_table(dynamodb: "DynamoDBClient", name: str) -> None:
    """Create the table and its two indexes."""
    keys = [schema.PARTITION_KEY, *(key for index in _INDEXES.values() for key in index)]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": schema.PARTITION_KEY, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        GlobalSecondaryIndexes=[_index(index, *index_keys) for index, index_keys in _INDEXES.items()],
    )


@pytest.fixture(name="dynamodb")
def empty_audit_table() -> Iterator["DynamoDBClient"]:
    """A client of a DynamoDB in this process, moto's with its gaps closed, that holds one audit table named `audit`."""
    # Bare moto looks at a condition and writes in two steps.
    with gaps_closed(), mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_audit_table(client, "audit")
        yield client
        client.close()


def _index(name: str, partition_key: str, sort_key: str) -> "GlobalSecondaryIndexTypeDef":
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": partition_key, "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
