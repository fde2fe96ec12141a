"""The endpoint answers as AWS does, as far as the commands ask."""

from collections.abc import Mapping
from hashlib import md5
from typing import Any

import msgspec
import pytest

from benchmarks.dataset.objects import DESTINATION_BUCKET, SOURCE_BUCKET, Objects
from benchmarks.dataset.records import SINCE, Records
from benchmarks.endpoint.application import Application
from benchmarks.endpoint.http import Request
from benchmarks.endpoint.listing import Listing
from benchmarks.endpoint.queues import Sqs
from benchmarks.endpoint.table import Table
from shared.audit_log import schema
from shared.audit_log.schema import day_shard
from tests.fakes.clock import FakeClock

OBJECTS = Objects(2_500)
RECEIVE = {
    "MaxNumberOfMessages": 1,
    "WaitTimeSeconds": 1,
    "VisibilityTimeout": 30,
    "MessageAttributeNames": ["All"],
    "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
}
KEYS = [stored.key for stored in OBJECTS.source()]


@pytest.fixture(scope="module")
def listing() -> Listing:
    return Listing(OBJECTS.source())


def keys_of(contents: bytes) -> list[str]:
    return [part.partition("</Key>")[0] for part in contents.decode().split("<Contents><Key>")[1:]]


def all_keys(listing: Listing, prefix: str, after: str, delimiter: str, limit: int) -> list[str]:
    found: list[str] = []
    going_on: bytes | None = after.encode()
    while going_on is not None:
        page = listing.page(prefix=prefix.encode(), after=going_on, delimiter=delimiter.encode(), limit=limit)
        assert page.count <= limit
        found += [*keys_of(page.contents), *(prefix.decode() for prefix in page.common_prefixes)]
        going_on = page.after
    return found


@pytest.mark.parametrize("limit", [1, 7, 1_000])
@pytest.mark.parametrize("prefix", ["", "customers/00001/", "customers/00001/document-0011", "none/"])
@pytest.mark.parametrize("after", ["", KEYS[1_500], "customers/00001", "zzz"])
def test_a_listing_gives_each_key_once(listing: Listing, prefix: str, after: str, limit: int) -> None:
    expected = [key for key in KEYS if key.startswith(prefix) and key > after]
    assert all_keys(listing, prefix, after, "", limit) == expected


@pytest.mark.parametrize("limit", [1, 2, 1_000])
def test_a_listing_up_to_a_delimiter_gives_folders_and_then_what_is_in_one(listing: Listing, limit: int) -> None:
    folders = [f"customers/0000{number}/" for number in range(3)]
    assert all_keys(listing, "", "", "/", limit) == ["customers/"]
    assert all_keys(listing, "customers/", "", "/", limit) == folders
    assert all_keys(listing, folders[2], "", "/", limit) == KEYS[2_000:]


@pytest.mark.parametrize("forward", [True, False])
def test_the_table_gives_a_shards_records_of_a_span_once_in_order(*, forward: bool) -> None:
    records = Records(OBJECTS)
    day, shard = SINCE.date(), 3
    numbers = list(records.of_shard(day, shard))[5:-5]
    first, last = (records.finished_order(numbers[place]) for place in (0, -1))
    query: dict[str, Any] = {
        "IndexName": schema.BY_DAY,
        "ExpressionAttributeValues": {
            ":day": {"S": day_shard(day, shard)},
            ":since": {"S": first},
            ":until": {"S": last},
        },
        "ScanIndexForward": forward,
        "Limit": 7,
    }
    found: list[str] = []
    while True:
        page = msgspec.json.decode(Table(records).query(query))
        found += [item["LogID"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    expected = [records.log_id(number) for number in numbers]
    assert len(found) > 14
    assert found == (expected if forward else expected[::-1])


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Queue:
    """A queue of three messages, asked as the commands ask."""

    def __init__(self, clock: FakeClock) -> None:
        self.sqs = Sqs(("queue",), clock)
        for number in range(3):
            self.sqs.put("queue", str(number), lambda: ("letter", {}))

    def receive(self, most: int, visibility_s: int) -> Mapping[str, Mapping[str, Any]]:
        """By id."""
        asked = RECEIVE | {"MaxNumberOfMessages": most, "VisibilityTimeout": visibility_s, "QueueUrl": "any/queue"}
        return {message["MessageId"]: message for message in self.sqs.answer("ReceiveMessage", asked)["Messages"]}

    def act(self, action: str, received: Mapping[str, Any], **asked: Any) -> Any:
        """The answer of a batch call on one received message."""
        entry = {"Id": "0", "ReceiptHandle": received["ReceiptHandle"], **asked}
        return self.sqs.answer(action, {"QueueUrl": "any/queue", "Entries": [entry]})

    @property
    def counts(self) -> tuple[int, int]:
        return self.sqs.counts()["queue"]


@pytest.fixture
def queue(clock: FakeClock) -> Queue:
    return Queue(clock)


def test_a_received_message_is_hidden_until_its_time_is_over(queue: Queue, clock: FakeClock) -> None:
    assert list(queue.receive(2, 30)) == ["0", "1"]
    assert list(queue.receive(2, 60)) == ["2"]
    assert queue.counts == (0, 3)
    clock.sleep(31)
    assert queue.counts == (2, 1)
    assert list(queue.receive(2, 30)) == ["0", "1"]


def test_a_message_is_shown_again_at_once_or_hidden_longer(queue: Queue, clock: FakeClock) -> None:
    received = queue.receive(2, 30)
    queue.act("ChangeMessageVisibilityBatch", received["0"], VisibilityTimeout=0)
    queue.act("ChangeMessageVisibilityBatch", received["1"], VisibilityTimeout=90)
    assert queue.counts == (2, 1)
    clock.sleep(31)
    assert queue.counts == (2, 1)
    [failed] = queue.act("ChangeMessageVisibilityBatch", received["0"], VisibilityTimeout=30)["Failed"]
    assert failed["Code"] == "MessageNotInflight"


def test_a_deleted_message_never_comes_again(queue: Queue, clock: FakeClock) -> None:
    received = queue.receive(2, 30)
    queue.act("DeleteMessageBatch", received["0"])
    clock.sleep(31)
    assert queue.counts == (2, 0)
    assert list(queue.receive(2, 30)) == ["2", "1"]


def test_a_receipt_of_an_earlier_receive_deletes_nothing(queue: Queue, clock: FakeClock) -> None:
    received = queue.receive(1, 30)
    clock.sleep(31)
    queue.receive(3, 30)
    queue.act("DeleteMessageBatch", received["0"])
    assert queue.counts == (0, 3)


def test_each_receive_is_counted(queue: Queue, clock: FakeClock) -> None:
    for count in ("1", "2"):
        told = queue.receive(3, 30).values()
        assert {message["Attributes"]["ApproximateReceiveCount"] for message in told} == {count}
        clock.sleep(31)


@pytest.fixture(scope="module")
def application() -> Application:
    return Application(objects=2_500, letters=20)


def asked(application: Application, target: str, body: Mapping[str, Any]) -> Any:
    headers = {"x-amz-target": target, "host": "localhost"}
    return msgspec.json.decode(application(Request("POST", "/", {}, headers, msgspec.json.encode(body))).body)


def test_what_no_command_asks_is_refused_by_name(application: Application) -> None:
    refused = asked(application, "DynamoDB_20120810.DeleteTable", {"TableName": "any"})
    assert "DynamoDB DeleteTable" in refused["message"]


def test_letters_wait_in_the_copy_dlq_with_their_reasons(application: Application) -> None:
    url = "http://localhost/123456789012/copytrail-copy-dlq"
    (letter,) = asked(application, "AmazonSQS.ReceiveMessage", RECEIVE | {"QueueUrl": url})["Messages"]
    assert letter["MessageAttributes"]["Reason"]["StringValue"] == "AccessDenied"
    assert letter["MD5OfBody"] == md5(letter["Body"].encode(), usedforsecurity=False).hexdigest()


def test_the_state_tells_of_queues_and_events(application: Application) -> None:
    asked(application, "AWSEvents.PutEvents", {"Entries": [{"DetailType": "Operation Started"}] * 2})
    state = msgspec.json.decode(application(Request("GET", "/-/state", {}, {}, b"")).body)
    assert state["events"] == {"Operation Started": 2}
    assert sum(state["queues"]["copytrail-copy-dlq"]) == 20


def test_a_head_tells_what_the_listing_tells(application: Application) -> None:
    stored = OBJECTS.uploaded(1_234)
    there = application(Request("HEAD", f"/{SOURCE_BUCKET}/{stored.key}", {}, {}, b""))
    assert there.status == 200
    assert there.headers["ETag"] == f'"{stored.etag}"'
    assert there.headers["Content-Length"] == str(stored.size)
    (missing, *_) = OBJECTS.missing
    assert application(Request("HEAD", f"/{DESTINATION_BUCKET}/{missing}", {}, {}, b"")).status == 404
