"""SQS's answers: queues whose messages are hidden for a while when they have been received."""

import heapq
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any
from uuid import uuid4

Content = Mapping[str, Any]

_VISIBILITY_S = 30
_MOST_RECEIVED = 10
# "Amazon SQS standard queue quotas", SQS developer guide.
_MOST_IN_FLIGHT = 120_000
_SENT_AT = "1772323200000"


class RefusedError(Exception):
    """SQS says no, with an error's code."""


@dataclass
class _Message:
    """One message. `content` makes body and attributes, so that 100,000 waiting ones are small."""

    content: Callable[[], Content]
    receive_count: int = 0
    visible_at: float = 0.0


@dataclass
class Queue:
    """A standard queue: each receive gives a message out, and hides it. `clock` in seconds."""

    clock: Callable[[], float] = time.monotonic
    _messages: dict[str, _Message] = field(default_factory=dict)
    _visible: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _hidden: list[tuple[float, str]] = field(default_factory=list)

    def put(self, message_id: str, content: Callable[[], Content]) -> None:
        """Take a message in."""
        self._messages[message_id] = _Message(content)
        self._visible[message_id] = None

    def counts(self) -> tuple[int, int]:
        """How many messages are visible, and how many are not."""
        self._show_again()
        return len(self._visible), len(self._messages) - len(self._visible)

    def receive(self, most: int, visibility_s: int) -> Iterator[Content]:
        """Up to so many messages, hidden for so many seconds."""
        self._show_again()
        if self.counts()[1] + most > _MOST_IN_FLIGHT:
            raise RefusedError("OverLimit")
        for _ in range(min(most, len(self._visible))):
            message_id, _ = self._visible.popitem(last=False)
            message = self._messages[message_id]
            message.receive_count += 1
            self._hide(message_id, visibility_s)
            yield _received(message_id, message)

    def change_visibility(self, message_id: str, visibility_s: int) -> None:
        """Hide a message that was received for so many seconds from now; 0 shows it."""
        if message_id not in self._messages:
            raise RefusedError("InvalidParameterValue")
        if message_id in self._visible:
            raise RefusedError("MessageNotInflight")
        self._hide(message_id, visibility_s)

    def delete(self, message_id: str) -> None:
        """Remove a message; one that is gone already is no error."""
        self._messages.pop(message_id, None)
        self._visible.pop(message_id, None)

    def _hide(self, message_id: str, visibility_s: int) -> None:
        if visibility_s == 0:
            self._messages[message_id].visible_at = 0.0
            self._visible[message_id] = None
            return
        visible_at = self.clock() + visibility_s
        self._messages[message_id].visible_at = visible_at
        heapq.heappush(self._hidden, (visible_at, message_id))

    def _show_again(self) -> None:
        now = self.clock()
        while self._hidden and self._hidden[0][0] <= now:
            visible_at, message_id = heapq.heappop(self._hidden)
            message = self._messages.get(message_id)
            # An entry that a later change has overtaken counts no more.
            if message and message.visible_at == visible_at:
                self._visible[message_id] = None


class Sqs:
    """Queues by the last part of their URLs."""

    def __init__(self, names: Iterable[str]) -> None:
        self.queues = {name: Queue() for name in names}
        self._actions: Mapping[str, Callable[[Queue, Mapping[str, Any]], Content]] = {
            "GetQueueAttributes": _attributes,
            "ReceiveMessage": _receive,
            "ChangeMessageVisibility": _change_visibility,
            "ChangeMessageVisibilityBatch": _of_each(_change_visibility),
            "DeleteMessage": _delete,
            "DeleteMessageBatch": _of_each(_delete),
            "SendMessage": _send,
            "SendMessageBatch": _of_each(_send),
        }

    def answer(self, action: str, asked: Mapping[str, Any]) -> Content:
        """The answer to a call.

        Raises:
            KeyError: no command makes such a call.
            RefusedError: as SQS would.
        """
        return self._actions[action](self.queues[asked["QueueUrl"].rpartition("/")[2]], asked)


def _attributes(queue: Queue, _asked: Mapping[str, Any]) -> Content:
    visible, hidden = queue.counts()
    return {
        "Attributes": {
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": "0",
            "VisibilityTimeout": str(_VISIBILITY_S),
            "MessageRetentionPeriod": "1209600",
        }
    }


def _receive(queue: Queue, asked: Mapping[str, Any]) -> Content:
    most = min(asked.get("MaxNumberOfMessages", 1), _MOST_RECEIVED)
    return {"Messages": list(queue.receive(most, asked.get("VisibilityTimeout", _VISIBILITY_S)))}


def _change_visibility(queue: Queue, asked: Mapping[str, Any]) -> Content:
    queue.change_visibility(_message_id(asked), asked["VisibilityTimeout"])
    return {}


def _delete(queue: Queue, asked: Mapping[str, Any]) -> Content:
    queue.delete(_message_id(asked))
    return {}


def _send(queue: Queue, asked: Mapping[str, Any]) -> Content:
    message_id, body = str(uuid4()), asked["MessageBody"]
    content = {"Body": body, "MessageAttributes": asked.get("MessageAttributes", {})}
    queue.put(message_id, lambda: content)
    return {"MessageId": message_id, "MD5OfMessageBody": _md5(body)}


def _of_each(
    one: Callable[[Queue, Mapping[str, Any]], Content],
) -> Callable[[Queue, Mapping[str, Any]], Content]:
    def every(queue: Queue, asked: Mapping[str, Any]) -> Content:
        done: dict[str, list[Content]] = {"Successful": [], "Failed": []}
        for entry in asked["Entries"]:
            try:
                done["Successful"].append({"Id": entry["Id"], **one(queue, entry)})
            except RefusedError as refused:
                done["Failed"].append({"Id": entry["Id"], "Code": str(refused), "SenderFault": True})
        return done

    return every


def _received(message_id: str, message: _Message) -> Content:
    content = message.content()
    return {
        "MessageId": message_id,
        "ReceiptHandle": f"{message_id}/{message.receive_count}",
        "MD5OfBody": _md5(content["Body"]),
        "Attributes": {
            "SentTimestamp": _SENT_AT,
            "ApproximateReceiveCount": str(message.receive_count),
            "ApproximateFirstReceiveTimestamp": _SENT_AT,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        },
        **content,
    }


def _message_id(asked: Mapping[str, Any]) -> str:
    return str(asked["ReceiptHandle"].partition("/")[0])


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
