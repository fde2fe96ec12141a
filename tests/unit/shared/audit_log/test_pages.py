"""A page says the same, whether botocore reads it or we do."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from shared.audit_log.pages import Pages
from shared.errors import CopytrailError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

QUERY = {"IndexName": "ByDay", "KeyConditionExpression": "a = b"}
ITEMS = [{"LogID": {"S": "1\u2028\x1b"}, "Size": {"N": "7"}}, {"LogID": {"S": "2"}, "Odd": {"L": [{"BOOL": True}]}}]


class Raw:
    """The body of an answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Any:
        yield self._body


def answering(status: int, body: bytes) -> "DynamoDBClient":
    """A client of a DynamoDB that always says this."""
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

    def answer(request: Any, **_: object) -> Any:
        return AWSResponse(request.url, status, HTTPHeaders(), Raw(body))

    client.meta.events.register("before-send.dynamodb.Query", answer)
    return client


@pytest.mark.parametrize(
    ("more", "after"), [({}, None), ({"LastEvaluatedKey": {"LogID": {"S": "2"}}}, {"LogID": {"S": "2"}})]
)
def test_items_and_where_the_next_page_begins_are_read(more: dict[str, Any], after: object) -> None:
    dynamodb = answering(200, json.dumps({"Items": ITEMS, "Count": 2, "ScannedCount": 2} | more).encode())

    assert Pages(dynamodb, "audit").ask(QUERY) == (ITEMS, after)
    dynamodb.close()


def test_an_answer_that_looks_otherwise_is_left_to_botocore() -> None:
    dynamodb = answering(200, b'{"Count": 0}')

    assert Pages(dynamodb, "audit").ask(QUERY) == ([], None)
    dynamodb.close()


def test_a_refusal_stays_a_refusal() -> None:
    dynamodb = answering(400, b'{"__type": "com.amazonaws.dynamodb.v20120810#AccessDeniedException", "message": "no"}')

    with pytest.raises(CopytrailError, match="dynamodb:Query on audit/index/ByDay: no"):
        Pages(dynamodb, "audit").ask(QUERY)
    dynamodb.close()
