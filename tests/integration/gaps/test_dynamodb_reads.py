"""What a read of a table answers is moto's own answer, item for item, and comes in a fraction of the time."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest

from localaws.server import MotoServer

EVERY_TYPE: dict[str, Any] = {
    "text": {"S": 'quotes " and \\ and \n and 日本語 and \x7f'},
    "nothing": {"S": ""},
    "number": {"N": "-1.50"},
    "large": {"N": "9" * 38},
    "binary": {"B": b"\x00\xff\xfe"},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "binaries": {"BS": [b"\x00", b"\xff"]},
    "null": {"NULL": True},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "list": {"L": [{"S": "a"}, {"N": "1"}, {"B": b"b"}, {"L": []}, {"M": {}}, {"NULL": True}]},
    "map": {"M": {"a": {"M": {"b": {"BS": [b"c"]}, "d": {"BOOL": False}}}}},
}
G: dict[str, str] = {"S": "g0"}
READS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "scan": lambda dynamodb: dynamodb.scan(TableName="t"),
    "scan of a page": lambda dynamodb: dynamodb.scan(TableName="t", Limit=3),
    "scan of an index": lambda dynamodb: dynamodb.scan(TableName="t", IndexName="ByGroup"),
    "query by key": lambda dynamodb: dynamodb.query(TableName="t", **_where("id", {"S": "2"})),
    "query of an index": lambda dynamodb: dynamodb.query(TableName="t", IndexName="ByGroup", **_where("group", G)),
    "the newest first": lambda dynamodb: dynamodb.query(
        TableName="t", IndexName="ByGroup", ScanIndexForward=False, Limit=2, **_where("group", G)
    ),
    "a second page": lambda dynamodb: dynamodb.query(
        TableName="t",
        IndexName="ByGroup",
        ExclusiveStartKey=dynamodb.query(TableName="t", IndexName="ByGroup", Limit=2, **_where("group", G))[
            "LastEvaluatedKey"
        ],
        **_where("group", G),
    ),
    "by a number": lambda dynamodb: dynamodb.query(TableName="t", IndexName="ByNumber", **_where("n", {"N": "1.0"})),
    "some attributes": lambda dynamodb: dynamodb.query(
        TableName="t",
        IndexName="ByGroup",
        KeyConditionExpression="#k = :k",
        ExpressionAttributeNames={"#k": "group", "#m": "map", "#b": "binary"},
        ExpressionAttributeValues={":k": G},
        ProjectionExpression="#b, #m.a",
    ),
    "a count": lambda dynamodb: dynamodb.query(
        TableName="t", IndexName="ByGroup", Select="COUNT", ReturnConsumedCapacity="TOTAL", **_where("group", G)
    ),
    "nothing": lambda dynamodb: dynamodb.query(TableName="t", IndexName="ByGroup", **_where("group", {"S": "none"})),
    "PartiQL": lambda dynamodb: dynamodb.execute_statement(Statement="SELECT * FROM t WHERE id = '2'"),
}


def _where(name: str, value: dict[str, str]) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": name},
        "ExpressionAttributeValues": {":k": value},
    }


def _index(name: str, key: str) -> dict[str, Any]:
    schema = [{"AttributeName": key, "KeyType": "HASH"}, {"AttributeName": "order", "KeyType": "RANGE"}]
    return {"IndexName": name, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}


@contextmanager
def _with_table(*, close_gaps: bool, items: int) -> Iterator[Any]:
    with MotoServer(close_gaps=close_gaps) as server:
        session = boto3.Session("test", "test", region_name="us-east-1")
        dynamodb = session.client("dynamodb", endpoint_url=server.endpoint_url)
        types = {"id": "S", "group": "S", "n": "N", "order": "S"}
        dynamodb.create_table(
            TableName="t",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": its} for name, its in types.items()],  # type: ignore[typeddict-item]  # literal types only
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[_index("ByGroup", "group"), _index("ByNumber", "n")],  # type: ignore[list-item]  # as above
        )
        for number in range(items):
            keys = {"id": {"S": str(number)}, "group": {"S": f"g{number % 2}"}, "order": {"S": f"{number:04}"}}
            dynamodb.put_item(TableName="t", Item=EVERY_TYPE | keys | {"n": {"N": str(number % 3)}})
        with closing(dynamodb):
            yield dynamodb


def _answers(*, close_gaps: bool) -> dict[str, Any]:
    with _with_table(close_gaps=close_gaps, items=9) as dynamodb:
        return {name: _told(read(dynamodb)) for name, read in READS.items()}


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    return {**answer, "ResponseMetadata": headers["content-type"]}


def test_every_answer_is_the_one_that_moto_gives() -> None:
    ours, bare = _answers(close_gaps=True), _answers(close_gaps=False)
    assert ours == bare
    assert ours["scan"]["Items"][0].items() >= EVERY_TYPE.items()


@pytest.mark.long
def test_a_page_of_items_comes_in_a_third_of_the_time() -> None:
    took = {}
    for close_gaps in (True, False):
        with _with_table(close_gaps=close_gaps, items=300) as dynamodb:
            began = time.perf_counter()
            dynamodb.query(TableName="t", IndexName="ByGroup", **_where("group", G))
            took[close_gaps] = time.perf_counter() - began
    assert took[True] < took[False] / 3


def test_partiql_reads_some_partitions_of_an_index(gap_aws: Any) -> None:
    index = _index("ByGroup", "group")
    gap_aws.dynamodb.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "group", "order")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[index],
    )
    for number in range(6):
        keys = {"id": {"S": str(number)}, "group": {"S": f"g{number % 3}"}, "order": {"S": str(number)}}
        gap_aws.dynamodb.put_item(
            TableName="t", Item={name: keys[name] for name in keys if number != 3 or name != "order"}
        )

    def ask(*groups: str, **more: Any) -> tuple[list[str], str | None]:
        statement = f'SELECT "group" FROM "t"."ByGroup" WHERE "group" IN [{", ".join("?" * len(groups))}]'  # noqa: S608 - a test's own
        parameters = [{"S": group} for group in groups]
        answer = gap_aws.dynamodb.execute_statement(Statement=statement, Parameters=parameters, **more)
        return [item["group"]["S"] for item in answer["Items"]], answer.get("NextToken")

    assert ask("g0", "g1")[0] == ["g0", "g1", "g1"]
    assert ask("none", "nor this") == ([], None)
    first, token = ask("g1", "g2", Limit=1)
    assert len(first) == 1
    assert len(ask("g1", "g2", NextToken=token)[0]) == 3
