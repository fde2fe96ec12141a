"""A strict SQS in memory behind boto3's methods: what is received is hidden, and receipt handles grow stale."""

import heapq
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from itertools import count, islice
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError, ParamValidationError

from tests.fakes.clock import FakeClock

# "SendMessage", SQS API reference: what a body may be made of, and what it may have with its attributes, in bytes.
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST = 1024 * 1024
# "Amazon SQS standard queue quotas", SQS developer guide.
_MOST_IN_FLIGHT = 120_000

DLQ = "https://sqs.us-east-1.amazonaws.com/123456789012/copy-dlq"


@dataclass
class StoredMessage:
    """One message of a queue.

    `content` makes body and attributes, so that 100,000 messages can wait in little memory. `visible_from`: nobody
    receives it before.
    """

    id: str
    content: Callable[[], tuple[str, Mapping[str, Any]]]
    sent_at: datetime
    visible_from: datetime
    received: int = 0
    trace_header: str = ""

    @property
    def body(self) -> str:
        return self.content()[0]

    @property
    def attributes(self) -> Mapping[str, Any]:
        return self.content()[1]


class StoredQueue(dict[str, StoredMessage]):
    """The messages of a queue by id; those that are visible are found without going over the others."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._visible: OrderedDict[str, None] = OrderedDict()
        self._hidden: list[tuple[datetime, str]] = []

    def __delitem__(self, message_id: str) -> None:
        super().__delitem__(message_id)
        self._visible.pop(message_id, None)

    def add(self, message: StoredMessage) -> None:
        """Take a message in."""
        self[message.id] = message
        self._visible[message.id] = None

    def hide(self, message: StoredMessage, seconds: int) -> None:
        """Hide a message for so long from now."""
        message.visible_from = self._clock() + timedelta(seconds=seconds)
        self._visible.pop(message.id, None)
        heapq.heappush(self._hidden, (message.visible_from, message.id))

    def visible(self) -> Collection[str]:
        """The ids of what could be received now, the longest visible first."""
        now = self._clock()
        while self._hidden and self._hidden[0][0] <= now:
            visible_from, message_id = heapq.heappop(self._hidden)
            message = self.get(message_id)
            # An entry that a later change has overtaken counts no more.
            if message and message.visible_from == visible_from:
                self._visible[message_id] = None
        return self._visible.keys()


@dataclass
class FakeSqs:
    """Queues by URL. Errors: `refuses[operation]` holds what the next calls raise, `None` for a call that passes.

    `entry_fails` says of an entry of a batch call, by operation and entry, with what code it fails, or "" for not.
    `before_receive` is called ahead of each receive.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    queues: dict[str, StoredQueue] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, deque[Exception | None]] = field(default_factory=dict)
    entry_fails: Callable[[str, Mapping[str, Any]], str] = lambda _operation, _entry: ""
    before_receive: Callable[[], object] = lambda: None
    calls: list[str] = field(default_factory=list)
    _ids: "count[int]" = field(default_factory=count)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def put(
        self,
        body: str,
        attributes: Mapping[str, str] | None = None,
        *,
        url: str = DLQ,
        message_id: str | None = None,
        sent_at: datetime | None = None,
    ) -> str:
        """Put a message into a queue; its id."""
        typed = {name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()}
        return self.add(url, lambda: (body, typed), message_id or self._new_id(), sent_at)

    def add(
        self,
        url: str,
        content: Callable[[], tuple[str, Mapping[str, Any]]],
        message_id: str,
        sent_at: datetime | None = None,
        trace_header: str = "",
    ) -> str:
        """Put a message into a queue whose body and attributes are made when they are asked for; its id."""
        now = self.clock()
        message = StoredMessage(message_id, content, sent_at or now, visible_from=now, trace_header=trace_header)
        with self._lock:
            self._queue(url).add(message)
        return message_id

    def visible(self, url: str = DLQ) -> set[str]:
        """The ids of what could be received now."""
        return set(self._queue(url).visible())

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> Mapping[str, Any]:  # noqa: N803
        """Count visible and hidden messages; `attributes` come on top."""
        with self._called("GetQueueAttributes"):
            visible = len(self._queue(QueueUrl).visible())
            told = {
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(len(self._queue(QueueUrl)) - visible),
                "ApproximateNumberOfMessagesDelayed": "0",
                **self.attributes,
            }
            date = self.clock().strftime("%a, %d %b %Y %H:%M:%S GMT")
            return {
                "Attributes": {name: told[name] for name in AttributeNames if name in told},
                "ResponseMetadata": {"HTTPHeaders": {"date": date}},
            }

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MaxNumberOfMessages: int,  # noqa: N803
        WaitTimeSeconds: int,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
        MessageAttributeNames: Sequence[str],  # noqa: N803
        MessageSystemAttributeNames: Sequence[str],  # noqa: N803
    ) -> Mapping[str, Any]:
        """Hand out and hide messages; a long poll that finds none ends at once."""
        assert WaitTimeSeconds > 0, "a short poll may miss messages"
        self.before_receive()
        with self._called("ReceiveMessage"):
            queue = self._queue(QueueUrl)
            visible = queue.visible()
            if len(queue) - len(visible) + MaxNumberOfMessages > _MOST_IN_FLIGHT:
                raise refusal("OverLimit")
            received = [queue[message_id] for message_id in islice(visible, MaxNumberOfMessages)]
            for message in received:
                message.received += 1
                queue.hide(message, VisibilityTimeout)
            asked_for = set(MessageSystemAttributeNames)
            return {"Messages": [_received(message, asked_for) for message in received]} if received else {}

    def change_message_visibility_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Mapping[str, Any]:  # noqa: N803
        """Hide messages that were received for so long from now."""

        def change(entry: Mapping[str, Any]) -> str:
            message = self._in_flight(QueueUrl, entry["ReceiptHandle"])
            if message is None:
                return "ReceiptHandleIsInvalid"
            if message.visible_from <= self.clock():
                return "MessageNotInflight"
            self._queue(QueueUrl).hide(message, entry["VisibilityTimeout"])
            return ""

        return self._batch("ChangeMessageVisibility", Entries, change)

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        MessageBody: str,  # noqa: N803
        MessageAttributes: Mapping[str, Any] | None = None,  # noqa: N803
    ) -> Mapping[str, Any]:
        """Take a message in, as long as it is one."""
        with self._called("SendMessage"):
            attributes = MessageAttributes or {}
            _check_sendable(MessageBody, attributes)
            return {"MessageId": self.add(QueueUrl, lambda: (MessageBody, attributes), self._new_id())}

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        ReceiptHandle: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
    ) -> Mapping[str, Any]:
        """Hide a message that was received for so long from now."""
        entry = {"Id": "0", "ReceiptHandle": ReceiptHandle, "VisibilityTimeout": VisibilityTimeout}
        if self.change_message_visibility_batch(QueueUrl=QueueUrl, Entries=[entry]).get("Failed"):
            raise refusal("ReceiptHandleIsInvalid")
        return {}

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Mapping[str, Any]:  # noqa: N803
        """Delete messages that were received; SQS says yes to a handle of an earlier receive, and deletes nothing."""

        def delete(entry: Mapping[str, Any]) -> str:
            message = self._in_flight(QueueUrl, entry["ReceiptHandle"])
            if message is not None:
                del self._queue(QueueUrl)[message.id]
            return ""

        return self._batch("DeleteMessage", Entries, delete)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Mapping[str, Any]:  # noqa: N803
        """Take messages in; what is wrong with one of them fails the whole call."""
        for entry in Entries:
            _check_sendable(entry["MessageBody"], entry["MessageAttributes"])

        taken: list[Mapping[str, str]] = []

        def send(entry: Mapping[str, Any]) -> str:
            content = entry["MessageBody"], entry["MessageAttributes"]
            trace_header = entry.get("MessageSystemAttributes", {}).get("AWSTraceHeader", {}).get("StringValue", "")
            id_ = self.add(QueueUrl, lambda: content, self._new_id(), trace_header=trace_header)
            taken.append({"Id": entry["Id"], "MessageId": id_})
            return ""

        return {**self._batch("SendMessage", Entries, send), "Successful": taken}

    def _new_id(self) -> str:
        return str(UUID(int=next(self._ids) << 64))

    def _queue(self, url: str) -> StoredQueue:
        if url not in self.queues:
            self.queues[url] = StoredQueue(self.clock)
        return self.queues[url]

    def _in_flight(self, url: str, handle: str) -> StoredMessage | None:
        message_id, _, received = handle.partition("#")
        message = self._queue(url).get(message_id)
        return message if message and str(message.received) == received else None

    def _batch(
        self, operation: str, entries: Sequence[Mapping[str, Any]], act: Callable[[Mapping[str, Any]], str]
    ) -> Mapping[str, Any]:
        assert 1 <= len(entries) <= 10
        assert len({entry["Id"] for entry in entries}) == len(entries)
        with self._called(operation):
            codes = {entry["Id"]: self.entry_fails(operation, entry) or act(entry) for entry in entries}
        failed = [
            {"Id": id_, "Code": code, "Message": "no", "SenderFault": code != "InternalError"}
            for id_, code in codes.items()
            if code
        ]
        return {"Successful": [], "Failed": failed} if failed else {"Successful": []}

    def _called(self, operation: str) -> threading.RLock:
        self.calls.append(operation)
        waiting = self.refuses.get(operation)
        if waiting and (error := waiting.popleft()):
            raise error
        return self._lock


def refusal(code: str, message: str = "no") -> ClientError:
    """What boto3 raises when AWS refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def _check_sendable(body: str, attributes: Mapping[str, Any]) -> None:
    texts = [body, *(value["StringValue"] for value in attributes.values() if "StringValue" in value)]
    if not all(isinstance(text, str) for text in texts):
        raise ParamValidationError(report="Invalid type for parameter MessageBody")
    if not all(texts):
        raise refusal("MissingParameter", "The request must contain the parameter MessageBody.")
    if any(map(_REFUSED.search, texts)):
        raise refusal("InvalidMessageContents")
    size = len(body.encode()) + sum(
        len(f"{name}{value['DataType']}{value.get('StringValue', '')}".encode()) + len(value.get("BinaryValue", b""))
        for name, value in attributes.items()
    )
    if size > _LARGEST:
        raise refusal("InvalidParameterValue", f"Message must be shorter than {_LARGEST} bytes.")


def _received(message: StoredMessage, asked_for: Set[str]) -> Mapping[str, Any]:
    body, attributes = message.content()
    of_sqs = {
        "SentTimestamp": str(int(message.sent_at.timestamp() * 1000)),
        "ApproximateReceiveCount": str(message.received),
        "AWSTraceHeader": message.trace_header,
    }
    plain = {
        "MessageId": message.id,
        "ReceiptHandle": f"{message.id}#{message.received}",
        "Body": body,
        "MD5OfBody": md5(body.encode(), usedforsecurity=False).hexdigest(),
        "Attributes": {name: text for name, text in of_sqs.items() if text and name in asked_for},
    }
    return plain | {"MessageAttributes": attributes} if attributes else plain
