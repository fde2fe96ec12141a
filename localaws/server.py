"""The moto server: in this process, on loopback, empty at every start, with connections that are kept alive."""

import contextlib
import errno
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected
from werkzeug.test import run_wsgi_app
from werkzeug.wsgi import get_input_stream

from localaws.gaps import gaps_closed
from localaws.gaps.sqs import allow_polls, end_polls
from localaws.preconditions import ADDRESS, PortInUseError
from localaws.regions import KnownRegions
from localaws.supervision import Supervisor

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LONGEST_WAIT_FOR_A_CONNECTION_S = 5.0
_NO_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}

# moto keeps its state per process, so a second server would share the first one's and wipe it on starting.
_one_per_process = threading.Lock()

_log = logging.getLogger(__name__)


class MotoServer:
    """Serves the emulated AWS between `__enter__` and `__exit__`. `port` 0 takes any free one.

    Bare moto, for tests that show what a gap is: `close_gaps=False`. When anything under the `supervisor` ends
    unasked, every connection ends at once, so that nobody waits for an answer.

    Raises:
        PortInUseError: on entering.
        RuntimeError: on entering, when this process serves another one already.
        EndedUnaskedError: on leaving, whatever the block itself raised.
    """

    def __init__(self, port: int = 0, *, close_gaps: bool = True, supervisor: Supervisor | None = None) -> None:
        self._port = port
        self._close_gaps = close_gaps
        self._supervisor = supervisor or Supervisor()
        self._gaps = ExitStack()
        self._stopping = threading.Event()
        # What answers each request; tests put their own around it.
        self.application: WSGIApplication = KnownRegions(_Dispatcher(create_backend_app))
        self._server: _Server
        self._thread: threading.Thread

    def __enter__(self) -> "MotoServer":
        if not _one_per_process.acquire(blocking=False):
            raise RuntimeError("this process serves an emulated AWS already: stop that one first")
        try:
            self._start()
        except BaseException:
            self._gaps.close()
            _one_per_process.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        try:
            self._stopping.set()
            self._thread.join()
            end_polls()
            self._server.server_close()
            moto_api_backend.reset()
        finally:
            self._gaps.close()
            _one_per_process.release()
        if (failure := self._supervisor.failure) and failure is not error:
            raise failure from (failure.__cause__ or error)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    @property
    def endpoint_url(self) -> str:
        """What AWS_ENDPOINT_URL has to be. The CDK's templates are only found when the host is `localhost`."""
        return f"http://localhost:{self.port}"

    def _start(self) -> None:
        if self._close_gaps:
            self._gaps.enter_context(gaps_closed())
        moto_api_backend.reset()
        allow_polls()
        self._server = _listen(self._port, self._serve)
        self._supervisor.on_failure(self._abort)
        self._thread = self._supervisor.thread(
            self._accept, name="localaws-accept", what="the server of the embedded AWS", asked=self._stopping.is_set
        )

    def _serve(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self.application(environ, start_response)

    def _accept(self) -> None:
        # Unlike serve_forever, it can be told to stop whatever has become of its thread.
        while not self._stopping.is_set():
            self._server.handle_request()

    def _abort(self) -> None:
        self._stopping.set()
        self._server.abort()


def _listen(port: int, app: "WSGIApplication") -> "_Server":
    try:
        return _Server((ADDRESS, port), app)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(port) from error
        raise


class _Dispatcher(DomainDispatcherApplication):
    """moto's choice of a service, which lists moto's own directories, made once for each host."""

    def __init__(self, create_app: Any) -> None:
        super().__init__(create_app)
        self._backends: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The service that a host stands for, or None."""
        if host not in self._backends:
            self._backends[host] = super().get_backend_for_host(host)
        return self._backends[host]


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection. Closing it ends the connections that clients keep open, and waits for theirs."""

    # What werkzeug's handler asks of its server.
    ssl_context = None
    multithread = True
    multiprocess = False

    allow_reuse_address = True
    request_queue_size = 128
    # Of handle_request: how long until it is seen that the server is to stop.
    timeout = 0.05
    daemon_threads = True

    def __init__(self, address: tuple[str, int], app: "WSGIApplication") -> None:
        self.app = app
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._connections_lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection until either side ends it."""
        with self._connections_lock:
            self._connections[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._connections_lock:
                del self._connections[request]

    def server_close(self) -> None:
        """Stop listening and end every connection."""
        super().server_close()
        with self._connections_lock:
            connections = dict(self._connections)
        # What is being answered may still be answered; nothing more is read.
        _shut(connections, socket.SHUT_RD)
        for thread in connections.values():
            thread.join(_LONGEST_WAIT_FOR_A_CONNECTION_S)
        _shut(connections, socket.SHUT_RDWR)

    def abort(self) -> None:
        """Stop listening and end every connection, whatever is under way on it."""
        super().server_close()
        with self._connections_lock:
            connections = dict(self._connections)
        _shut(connections, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note what a connection's thread raised."""
        _log.error("a connection failed: %r", sys.exception(), exc_info=_in_full())


def _in_full() -> bool:
    return _log.isEnabledFor(logging.DEBUG)


def _shut(connections: Iterable[socket.socket], how: int) -> None:
    for connection in connections:
        # The client may have been quicker.
        with contextlib.suppress(OSError):
            connection.shutdown(how)


class _Handler(MotoRequestHandler):
    """Answers one request after the other on a connection.

    Werkzeug's own ends the connection after each answer, after waiting 10 ms for what the client might still send.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: "_Server"  # type: ignore[assignment]  # it gives werkzeug's handler what that asks for

    def run_wsgi(self) -> None:
        """Read the request to its end, so that the next one can be told from it, and answer."""
        environ = self.make_environ()
        try:
            body = get_input_stream(environ).read()
        except ClientDisconnected as error:
            self.connection_dropped(error)
            return
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body)), "wsgi.input_terminated": True}
        try:
            chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        except Exception as error:  # noqa: BLE001 - a defect of moto's is a 500, as an unforeseen one of AWS's is
            what = f"{type(error).__name__}: {error}"
            _log.error("the emulated AWS failed at %s %s: %s", self.command, self.path, what, exc_info=_in_full())
            chunks, status, headers = [], "500 Internal Server Error", Headers()
        self._answer(status, headers, b"".join(chunks))

    def handle_expect_100(self) -> bool:
        """Tell the client to send the body, now: it waits for this."""
        accepted = super().handle_expect_100()
        self.wfile.flush()
        return accepted

    def finish(self) -> None:
        """Close the connection, whether or not the client is still there for the last bytes."""
        with contextlib.suppress(ConnectionError):
            super().finish()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: there are thousands."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Go no further on a connection that the client has left, such as a function that was killed."""
        self.close_connection = True

    def _answer(self, status: str, headers: Headers, content: bytes) -> None:
        code, _, phrase = status.partition(" ")
        has_body = self.command != "HEAD" and int(code) not in _NO_BODY
        if has_body:
            headers["Content-Length"] = str(len(content))
        elif self.command == "HEAD":
            # The length of an answer to HEAD is the object's.
            headers.setdefault("Content-Length", "0")
        else:
            headers.remove("Content-Length")
        headers.remove("Connection")
        headers.setdefault("Date", self.date_time_string())
        self.send_response_only(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            self.wfile.write(content)
        self.wfile.flush()
