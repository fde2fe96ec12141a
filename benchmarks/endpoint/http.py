"""A server of the HTTP/1.1 that SDKs speak, with connections kept open. One process, one thread."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

_HEAD_ENDS = b"\r\n\r\n"
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 501: "Not Implemented"}


@dataclass(frozen=True)
class Request:
    """One request. Header names in lower case; the query's and the path's escapes are resolved."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """One answer."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/xml"
    headers: Mapping[str, str] = field(default_factory=dict)


Application = Callable[[Request], Answer]


class _Connection(asyncio.Protocol):
    def __init__(self, application: Application) -> None:
        self._application = application
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while request := self._next_request():
            self._transport.write(_written(request, self._application(request)))

    def _next_request(self) -> Request | None:
        end_of_head = self._received.find(_HEAD_ENDS)
        if end_of_head < 0:
            return None
        first, *lines = self._received[:end_of_head].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        begin = end_of_head + len(_HEAD_ENDS)
        end = begin + int(headers.get("content-length", 0))
        if len(self._received) < end:
            return None
        body = bytes(self._received[begin:end])
        del self._received[:end]
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        return Request(method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), headers, body)


async def serve(application: Application, port: int, *, ready: Callable[[int], None]) -> None:
    """Serve on the loopback address until cancelled. `port` 0 is any free one; `ready` is told which."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(application), "127.0.0.1", port, backlog=512)
    async with server:
        ready(server.sockets[0].getsockname()[1])
        await server.serve_forever()


def _written(request: Request, answer: Answer) -> bytes:
    head = [
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}",
        f"Content-Type: {answer.content_type}",
        "x-amzn-RequestId: 00000000-0000-0000-0000-000000000000",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    if "Content-Length" not in answer.headers:
        head.append(f"Content-Length: {len(answer.body)}")
    body = b"" if request.method == "HEAD" else answer.body
    return "\r\n".join(head).encode() + _HEAD_ENDS + body
