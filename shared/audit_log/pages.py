"""A page of an index: asked for through botocore, read without it.

botocore takes some 185 µs of CPU to read a record, and msgspec 8: over a million records, that is what counts.
"""

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import structs

from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_OURS = "Read"

Item = Mapping[str, Mapping[str, Any]]


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    """What DynamoDB answers to a query, as far as it matters here."""

    items: list[dict[str, dict[str, Any]]]
    last_evaluated_key: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Pages:
    """The pages of one table's queries. `dynamodb` is a client that answers Query as this needs it from then on."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb = dynamodb
        self._table_name = table_name
        dynamodb.meta.events.register("before-parse.dynamodb.Query", _read_items, unique_id="copytrail-items")

    def ask(self, query: Mapping[str, Any], after: Item | None = None) -> tuple[list[Item], Item | None]:
        """One page's items, and after which item the next page begins; None: there is none.

        Raises:
            CopytrailError: DynamoDB did not answer, or refused.
        """
        following: dict[str, Any] = {"ExclusiveStartKey": after} if after else {}
        with translated("dynamodb:Query", f"{self._table_name}/index/{query['IndexName']}"):
            answer: Mapping[str, Any] = self._dynamodb.query(TableName=self._table_name, **query, **following)
        return answer.get(_OURS, answer.get("Items", [])), answer.get("LastEvaluatedKey")


def _read_items(
    response_dict: MutableMapping[str, Any], customized_response_dict: MutableMapping[str, Any], **_: object
) -> None:
    """Take the items out of an answer's body; botocore reads the rest, and all of one that looks otherwise."""
    if response_dict["status_code"] != 200:  # noqa: PLR2004 - OK
        return
    try:
        answer = msgspec.json.decode(response_dict["body"], type=_Answer)
    except msgspec.DecodeError:
        return
    customized_response_dict[_OURS] = answer.items
    response_dict["body"] = msgspec.json.encode(structs.replace(answer, items=[]))
