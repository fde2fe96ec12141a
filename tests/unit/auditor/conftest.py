"""The audit table of these tests."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fakes.audit_table import empty_audit_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBClient"]:
    """A client of a DynamoDB that holds one empty audit table, named `audit`."""
    with empty_audit_table() as client:
        yield client
