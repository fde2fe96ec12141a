"""A function's log lines: kept, told to whoever listens, and sent to its CloudWatch log group in batches."""

import time
from collections.abc import Callable
from threading import Condition
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.supervision import Supervisor

LineListener = Callable[[str, str], None]

# Lines that come within this time go out in one PutLogEvents.
_GATHER_S = 0.1
# PutLogEvents takes at most 10,000 events and 1 MB.
_BATCH = 1000


class FunctionLogs:
    """The log of one function. Listeners get the function's name and each line, on the function's own thread."""

    def __init__(self, function: str, log_group: str, client: Any, supervisor: Supervisor) -> None:
        self._function = function
        self._log_group = log_group
        self._client = client
        self._lines: list[str] = []
        self._listeners: list[LineListener] = []
        self._unsent: list[tuple[str, dict[str, Any]]] = []
        self._streams: set[str] = set()
        self._changed = Condition()
        self._closing = False
        self._sender = supervisor.thread(
            self._send_until_closed,
            name=f"{function}-logs",
            what=f"the sender of {function}'s log",
            asked=lambda: self._closing,
        )

    @property
    def lines(self) -> list[str]:
        """Every line so far."""
        return list(self._lines)

    def listen(self, listener: LineListener) -> None:
        """Tell of every line from now on."""
        self._listeners.append(listener)

    def add(self, stream: str, line: str) -> None:
        """Take one line of a process."""
        self._lines.append(line)
        for listener in self._listeners:
            try:
                listener(self._function, line)
            except Exception as error:  # noqa: BLE001 - the function goes on, whoever listens
                self._lines.append(f"[localaws] a line was not shown: {type(error).__name__}: {error}")
        with self._changed:
            # CloudWatch refuses empty messages.
            self._unsent.append((stream, {"timestamp": int(time.time() * 1000), "message": line or " "}))
            self._changed.notify()

    def close(self) -> None:
        """Send what is left, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._sender.join()

    def _send_until_closed(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsent or self._closing)
                if not self._unsent:
                    return
                self._changed.wait_for(lambda: self._closing, timeout=_GATHER_S)
                batch, self._unsent = self._unsent[:_BATCH], self._unsent[_BATCH:]
            for stream in dict.fromkeys(stream for stream, _ in batch):
                self._send(stream, [event for name, event in batch if name == stream])

    def _send(self, stream: str, events: list[dict[str, Any]]) -> None:
        try:
            if stream not in self._streams:
                self._client.create_log_stream(logGroupName=self._log_group, logStreamName=stream)
                self._streams.add(stream)
            self._client.put_log_events(logGroupName=self._log_group, logStreamName=stream, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            # As on AWS, a function whose log group is gone runs on unheard; the lines are still kept here.
            self._lines.append(f"[localaws] {len(events)} lines not sent to {self._log_group}: {error}")
