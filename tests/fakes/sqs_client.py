"""A strict SQS in memory behind boto3's methods: what is received is hidden, and receipt handles grow stale."""

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError, ParamValidationError

from tests.fakes.clock import FakeClock

# "SendMessage", SQS API reference: what a body may be made of, and what it may have with its attributes, in bytes.
_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LARGEST = 1024 * 1024

DLQ = "https://sqs.us-east-1.amazonaws.com/123456789012/copy-dlq"


@dataclass
class StoredMessage:
    """One message of a queue. `visible_from`: nobody receives it before."""

    id: str
    body: str
    attributes: Mapping[str, Any]
    sent_at: datetime
    visible_from: datetime
    received: int = 0
    trace_header: str = ""


@dataclass
class FakeSqs:
    """Queues by URL. Errors: `refuses[operation]` holds what the next calls raise, `None` for a call that passes.

    `entry_fails` says of an entry of a batch call, by operation and entry, with what code it fails, or "" for not.
    `before_receive` is called ahead of each receive.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    queues: dict[str, dict[str, StoredMessage]] = field(default_factory=dict)
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
        return self._put(url, body, typed, message_id or str(UUID(int=next(self._ids) << 64)), sent_at)

    def visible(self, url: str = DLQ) -> set[str]:
        """The ids of what could be received now."""
        return {message.id for message in self._visible(url)}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Sequence[str]) -> Mapping[str, Any]:  # noqa: N803
        """Count visible and hidden messages; `attributes` come on top."""
        with self._called("GetQueueAttributes"):
            visible = len(self._visible(QueueUrl))
            told = {
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(len(self._queue(QueueUrl)) - visible),
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
            received = self._visible(QueueUrl)[:MaxNumberOfMessages]
            for message in received:
                message.received += 1
                message.visible_from = self.clock() + timedelta(seconds=VisibilityTimeout)
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
            message.visible_from = self.clock() + timedelta(seconds=entry["VisibilityTimeout"])
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
            id_ = str(UUID(int=next(self._ids) << 64))
            return {"MessageId": self._put(QueueUrl, MessageBody, attributes, id_)}

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
            id_ = str(UUID(int=next(self._ids) << 64))
            self._put(QueueUrl, entry["MessageBody"], entry["MessageAttributes"], id_)
            of_sqs = entry.get("MessageSystemAttributes", {})
            self._queue(QueueUrl)[id_].trace_header = of_sqs.get("AWSTraceHeader", {}).get("StringValue", "")
            taken.append({"Id": entry["Id"], "MessageId": id_})
            return ""

        return {**self._batch("SendMessage", Entries, send), "Successful": taken}

    def _put(
        self, url: str, body: str, attributes: Mapping[str, Any], message_id: str, sent_at: datetime | None = None
    ) -> str:
        sent_at = sent_at or self.clock()
        message = StoredMessage(message_id, body, attributes, sent_at, visible_from=self.clock())
        with self._lock:
            self._queue(url)[message_id] = message
        return message_id

    def _queue(self, url: str) -> dict[str, StoredMessage]:
        return self.queues.setdefault(url, {})

    def _visible(self, url: str) -> list[StoredMessage]:
        return [message for message in self._queue(url).values() if message.visible_from <= self.clock()]

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
    of_sqs = {"SentTimestamp": str(int(message.sent_at.timestamp() * 1000)), "AWSTraceHeader": message.trace_header}
    plain = {
        "MessageId": message.id,
        "ReceiptHandle": f"{message.id}#{message.received}",
        "Body": message.body,
        "Attributes": {name: text for name, text in of_sqs.items() if text and name in asked_for},
    }
    return plain | {"MessageAttributes": message.attributes} if message.attributes else plain
