"""The dispatch of requests to services, and counts of the requests so far."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from botocore.exceptions import ClientError

from benchmarks.dataset.letters import Letters
from benchmarks.dataset.objects import DESTINATION_BUCKET, SOURCE_BUCKET, Objects
from benchmarks.dataset.records import Records
from benchmarks.endpoint import AUDIT_DLQ, AUDIT_QUEUE, COPY_DLQ, COPY_QUEUE, STATE_PATH, stack
from benchmarks.endpoint.http import Answer, Request
from benchmarks.endpoint.listing import Listing
from benchmarks.endpoint.queues import Sqs
from benchmarks.endpoint.s3 import S3
from benchmarks.endpoint.table import Table

_JSON = "application/x-amz-json-1.0"


class Application:
    """All services at one address. Sizes are counts; each letter is of an object of the source."""

    def __init__(self, *, objects: int = 0, records: int = 0, letters: int = 0) -> None:
        stored = Objects(objects)
        self._s3 = S3(
            {SOURCE_BUCKET: Listing(stored.source()), DESTINATION_BUCKET: Listing(stored.destination())},
        )
        self._sqs = Sqs((COPY_QUEUE, COPY_DLQ, AUDIT_QUEUE, AUDIT_DLQ))
        self._table = Table(Records(Objects(records)) if records else None)
        self._fill(Letters(Objects(letters)))
        self._requests: Counter[str] = Counter()
        self._events: Counter[str] = Counter()

    def __call__(self, request: Request) -> Answer:
        """The answer to a request."""
        if target := request.headers.get("x-amz-target"):
            service, _, action = target.partition(".")
            return self._json(service.partition("_")[0], action, request)
        if request.path == STATE_PATH:
            return Answer(msgspec.json.encode(self._state()), content_type="application/json")
        if request.method == "POST" and request.path == "/":
            return self._query(dict(parse_qsl(request.body.decode())), request)
        self._requests[f"S3 {request.method}"] += 1
        return self._s3.answer(request)

    def _json(self, service: str, action: str, request: Request) -> Answer:
        self._requests[f"{service} {action}"] += 1
        asked = msgspec.json.decode(request.body)
        try:
            answer = self._call(service, action)(asked)
        except ClientError as refused:
            return _refusal(refused.response["Error"]["Code"])
        except KeyError as unknown:
            return _refusal("UnknownOperationException", f"{service} {action}: {unknown}")
        return Answer(msgspec.json.encode(answer), content_type=_JSON)

    def _call(self, service: str, action: str) -> Callable[[Mapping[str, Any]], object]:
        if service == "AmazonSQS":
            return partial(self._sqs.answer, action)
        return {
            ("DynamoDB", "Query"): self._table.query,
            ("DynamoDB", "DescribeTable"): self._table.describe,
            ("AWSEvents", "PutEvents"): self._put_events,
        }[service, action]

    def _put_events(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._events.update(entry["DetailType"] for entry in asked["Entries"])
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "0"} for _ in asked["Entries"]]}

    def _query(self, form: Mapping[str, str], request: Request) -> Answer:
        action = form.get("Action", "")
        self._requests[action] += 1
        if action == "DescribeStacks":
            return _xml(stack.describe_stacks(f"http://{request.headers['host']}"))
        if action == "GetCallerIdentity":
            return _xml(stack.get_caller_identity())
        return _refusal("UnknownOperationException", action)

    def _fill(self, letters: Letters) -> None:
        for number in range(len(letters)):
            self._sqs.put(COPY_DLQ, letters.message_id(number), partial(_letter, letters, number))

    def _state(self) -> Mapping[str, Any]:
        """How many messages each queue has, visible and not; how many requests and events there were."""
        return {
            "queues": self._sqs.counts(),
            "requests": self._requests,
            "events": self._events,
        }


def _letter(letters: Letters, number: int) -> tuple[str, Mapping[str, Any]]:
    attributes = letters.attributes(number)
    return letters.body(number), {
        name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
    }


def _xml(text: str) -> Answer:
    return Answer(text.encode(), content_type="text/xml")


def _refusal(code: str, message: str = "") -> Answer:
    body = msgspec.json.encode({"__type": code, "message": message or code})
    return Answer(body, status=400, content_type=_JSON)
