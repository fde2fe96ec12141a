"""The Lambda Runtime API on loopback, for one function process.

Source: "Using the Lambda runtime API for custom runtimes", Lambda developer guide.
"""

import json
import queue
import sys
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any

from localaws.supervision import Supervisor

_VERSION = "/2018-06-01/runtime"


class FunctionError(Exception):
    """The function raised, could not start, ran out of time or died; `kind` is Lambda's error type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")


@dataclass
class Invocation:
    """One event on its way through the function. `deadline_ms` is in milliseconds since 1970."""

    request_id: str
    event: bytes
    deadline_ms: int
    function_arn: str
    outcome: "Future[bytes]" = field(default_factory=Future)

    def succeed(self, payload: bytes) -> None:
        """Take what the handler returned; too late after a time-out."""
        if not self.outcome.done():
            self.outcome.set_result(payload)

    def fail(self, error: FunctionError) -> None:
        """Take what went wrong; too late after a time-out."""
        if not self.outcome.done():
            self.outcome.set_exception(error)


class RuntimeApi:
    """Hands invocations to the process that asks for them, one at a time, and takes what it answers."""

    def __init__(self, function: str, supervisor: Supervisor) -> None:
        self._what = f"the runtime API of {function}"
        self._supervisor = supervisor
        self._closing = Event()
        self.initialized = False
        self._waiting: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._current: Invocation | None = None
        self.init_error: FunctionError | None = None
        self._server = _Server(self)
        self._thread = supervisor.thread(
            self._accept, name=f"{function}-runtime-api", what=self._what, asked=self._closing.is_set
        )

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API holds: host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def offer(self, invocation: Invocation) -> None:
        """Hand an invocation to the process, when it next asks."""
        self._waiting.put(invocation)

    def close(self) -> None:
        """Stop serving and let go of a process that still waits."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()
        self._server.server_close()

    def failed(self, error: BaseException | None) -> None:
        """Take what a request to the API raised: the process would wait for its answer for ever."""
        self._supervisor.ended(self._what, error)

    def _accept(self) -> None:
        while not self._closing.is_set():
            self._server.handle_request()

    def next(self) -> Invocation | None:
        """The next invocation, however long it takes; None when there will be none."""
        self.initialized = True
        self._current = self._waiting.get()
        return self._current

    def answered(self, path: str, body: bytes) -> bool:
        """Take what the process posted; whether it was something it may post now."""
        if path == f"{_VERSION}/init/error":
            self.init_error = _error(body)
            return True
        invocation = self._current
        if invocation is not None and path == f"{_VERSION}/invocation/{invocation.request_id}/response":
            invocation.succeed(body)
            return True
        if invocation is not None and path == f"{_VERSION}/invocation/{invocation.request_id}/error":
            invocation.fail(_error(body))
            return True
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    timeout = 0.1

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Take what kept a request from being answered at all, such as that no thread could be started."""
        self.api.failed(sys.exception())

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one process. That it is killed and drops its connection is seen elsewhere; all else is a defect."""
        try:
            super().finish_request(request, client_address)
        except OSError:
            pass
        except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
            self.api.failed(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """`/invocation/next`: waits until there is one."""
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(invocation.deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        self.send_header("Lambda-Runtime-Trace-Id", _trace_id(invocation.request_id))
        self._finish(invocation.event)

    def do_POST(self) -> None:
        """`/invocation/<id>/response`, `/invocation/<id>/error` and `/init/error`."""
        # The runtime client tells the length of all that it sends.
        size = int(self.headers["Content-Length"])
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionAbortedError("the process ended in the middle of its answer")
        self.send_response(202 if self.server.api.answered(self.path, body) else 400)
        self._finish(b'{"status":"OK"}')

    def _finish(self, body: bytes) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
        """Say nothing: the function's own log is what people read."""


def _error(body: bytes) -> FunctionError:
    try:
        details = json.loads(body)
    except ValueError:
        details = {}
    return FunctionError(str(details.get("errorType", "Unknown")), str(details.get("errorMessage", "")))


def _trace_id(request_id: str) -> str:
    hexadecimal = request_id.replace("-", "")
    return f"Root=1-{hexadecimal[:8]}-{hexadecimal[8:32]};Sampled=0"
