"""Owns the audit table of the auditor's tests: moto's with its gaps closed, in this process."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from localaws.gaps import close_gaps
from tests.fakes.audit_table import create_audit_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "audit"


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBClient"]:
    """A client of a DynamoDB that holds one empty audit table, named `audit`."""
    # Bare moto looks at a condition and writes in two steps.
    close_gaps()
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_audit_table(client, TABLE)
        yield client
        client.close()
