"""Interceptors in front of the emulated AWS: they watch, answer, hold or fail its requests."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import run_wsgi_app

from localaws.embedded import EmbeddedAws
from localaws.regions import scope_of
from localaws.server import MotoServer

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# By method, whether there is a key, and the query parameter that decides; None stands for "none of the others".
_S3_OPERATIONS: dict[tuple[str, bool], dict[str | None, str]] = {
    ("HEAD", False): {None: "HeadBucket"},
    ("GET", False): {
        "list-type": "ListObjectsV2",
        "versions": "ListObjectVersions",
        "uploads": "ListMultipartUploads",
        "versioning": "GetBucketVersioning",
        "requestPayment": "GetBucketRequestPayment",
        "location": "GetBucketLocation",
        "lifecycle": "GetBucketLifecycleConfiguration",
        "notification": "GetBucketNotificationConfiguration",
        "policy": "GetBucketPolicy",
        "tagging": "GetBucketTagging",
        None: "ListObjects",
    },
    ("PUT", False): {
        "versioning": "PutBucketVersioning",
        "lifecycle": "PutBucketLifecycleConfiguration",
        "notification": "PutBucketNotificationConfiguration",
        "policy": "PutBucketPolicy",
        "tagging": "PutBucketTagging",
        None: "CreateBucket",
    },
    ("POST", False): {"delete": "DeleteObjects", None: "PostObject"},
    ("DELETE", False): {"policy": "DeleteBucketPolicy", None: "DeleteBucket"},
    ("HEAD", True): {None: "HeadObject"},
    ("GET", True): {
        "tagging": "GetObjectTagging",
        "attributes": "GetObjectAttributes",
        "acl": "GetObjectAcl",
        "uploadId": "ListParts",
        None: "GetObject",
    },
    ("PUT", True): {
        "tagging": "PutObjectTagging",
        "acl": "PutObjectAcl",
        "uploadId": "UploadPart",
        None: "PutObject",
    },
    ("POST", True): {
        "uploads": "CreateMultipartUpload",
        "uploadId": "CompleteMultipartUpload",
        "restore": "RestoreObject",
    },
    ("DELETE", True): {
        "tagging": "DeleteObjectTagging",
        "uploadId": "AbortMultipartUpload",
        None: "DeleteObject",
    },
}
_WITH_COPY_SOURCE = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
# By method, and every other word of the path.
_LAMBDA_OPERATIONS = {
    ("GET", "event-source-mappings"): "GetEventSourceMapping",
    ("PUT", "event-source-mappings"): "UpdateEventSourceMapping",
    ("GET", "functions", "concurrency"): "GetFunctionConcurrency",
    ("GET", "functions", "configuration"): "GetFunctionConfiguration",
}
_ENDPOINT_NAMES = {"eventbridge": "events", "monitoring": "cloudwatch"}

_changing = threading.Lock()


@dataclass(frozen=True)
class Reply:
    """An HTTP answer. `body` in bytes; its length and the date are added on the way out."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class InterceptedRequest:
    """A request before moto sees it.

    `service` is named as boto3 names its clients (`s3`, `events`, `sqs`, `dynamodb`), `operation` as the API names it
    (`CopyObject`, `PutEvents`), or "" where that cannot be told. `path` is raw: percent-encoded, with its query.
    Header names are in lower case.
    """

    service: str
    operation: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    _forward: Callable[[], Reply]
    _forwarded: Reply | None = None

    @property
    def bucket(self) -> str:
        """The bucket of an S3 request in path style."""
        return _bucket_and_key(self.path)[0]

    @property
    def key(self) -> str:
        """The decoded key of an S3 request in path style, or ""."""
        return _bucket_and_key(self.path)[1]

    def json(self) -> Any:
        """The parameters of a request whose protocol is JSON: EventBridge, SQS, DynamoDB."""
        return json.loads(self.body)

    def forward(self) -> Reply:
        """Let moto do the request now, once, and give what it answers: for faults that come after the effect."""
        if self._forwarded is None:
            self._forwarded = self._forward()
        return self._forwarded

    def answer_with(self, reply: Reply | None) -> Reply:
        """What the client gets: the interceptor's reply, or else moto's."""
        return reply if reply is not None else self.forward()


Interceptor = Callable[[InterceptedRequest], Reply | None]


class Intercepting:
    """An interceptor at work, from when it is made until `remove`, or until the end of its `with` block.

    Leaving the block raises what the interceptor itself raised, such as a failed assertion.
    """

    def __init__(self, interceptor: Interceptor, application: "_Application") -> None:
        self._interceptor = interceptor
        self._application = application
        self._error: BaseException | None = None
        with _changing:
            application.at_work = (*application.at_work, self)

    def __enter__(self) -> "Intercepting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self.remove()
        if self._error is not None and error is None:
            raise self._error

    def remove(self) -> None:
        """Let requests pass again; more than once does no harm."""
        with _changing:
            self._application.at_work = tuple(other for other in self._application.at_work if other is not self)

    def reply_to(self, request: InterceptedRequest) -> Reply | None:
        """Ask the interceptor; what it raises is kept for the end of the block, and the client gets a 500."""
        try:
            return self._interceptor(request)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the test's thread
            self._error = self._error or error
            return Reply(500, {}, f"the interceptor raised {error!r}".encode())


def intercept(aws: MotoServer | EmbeddedAws, interceptor: Interceptor) -> Intercepting:
    """Show every request to `interceptor` first, from now until the end of the `with` block, or `remove`.

    A reply is given to the client in moto's place; None passes the request on. It is called on the request's own thread
    and may block. Of several interceptors the oldest is asked first.
    """
    server = aws.server if isinstance(aws, EmbeddedAws) else aws
    if not isinstance(server.application, _Application):
        server.application = _Application(server.application)
    return Intercepting(interceptor, server.application)


class _Application:
    """A WSGI application that asks the interceptors, and gives moto what none of them answers."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner
        self.at_work: tuple[Intercepting, ...] = ()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request. The body is read only when somebody is asked."""
        # A snapshot: an interceptor may block for as long as it likes without holding up another request.
        at_work = self.at_work
        if not at_work:
            return self._inner(environ, start_response)
        request = _request(environ, self._inner)
        reply = next((reply for each in at_work if (reply := each.reply_to(request)) is not None), None)
        answer = request.answer_with(reply)
        start_response(f"{answer.status} {HTTP_STATUS_CODES.get(answer.status, '')}", list(answer.headers.items()))
        return [answer.body]


def throttled_s3() -> Reply:
    """S3's answer past 3,500 writes/s per prefix: 503 SlowDown."""
    return s3_error("SlowDown", "Please reduce your request rate.", 503)


def s3_error(code: str, message: str, status: int) -> Reply:
    """An S3 error as S3 writes it. An answer to HEAD has no body, so a client there sees the status alone."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, {"Content-Type": "application/xml"}, body.encode())


def aws_json_error(code: str, message: str, status: int = 400) -> Reply:
    """An error of EventBridge, SQS or DynamoDB."""
    return Reply(
        status,
        {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code},
        json.dumps({"__type": code, "message": message}).encode(),
    )


def put_events_partial(request: InterceptedRequest, failed: Iterable[int], code: str = "ThrottlingException") -> Reply:
    """Let PutEvents accept every entry but those at the given places, and say so as EventBridge does: with a 200."""
    places = set(failed)
    entries = request.json()["Entries"]
    accepted = [entry for place, entry in enumerate(entries) if place not in places]
    results: list[dict[str, str]] = []
    if accepted:
        answered = _with_body(request, json.dumps({**request.json(), "Entries": accepted}).encode())
        results = json.loads(answered.body)["Entries"]
    remaining = iter(results)
    merged = [
        {"ErrorCode": code, "ErrorMessage": "refused by an interceptor"} if place in places else next(remaining)
        for place in range(len(entries))
    ]
    failures = sum("ErrorCode" in entry for entry in merged)
    body = json.dumps({"FailedEntryCount": failures, "Entries": merged})
    return Reply(200, {"Content-Type": "application/x-amz-json-1.1"}, body.encode())


def _with_body(request: InterceptedRequest, body: bytes) -> Reply:
    original, request.body = request.body, body
    try:
        return request.forward()
    finally:
        request.body = original


def _request(environ: "WSGIEnvironment", app: "WSGIApplication") -> InterceptedRequest:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    body = environ["wsgi.input"].read()
    path = environ["RAW_URI"]
    service, operation = _service_and_operation(environ["REQUEST_METHOD"], path, headers, body)
    request = InterceptedRequest(
        service=service,
        operation=operation,
        method=environ["REQUEST_METHOD"],
        path=path,
        headers=headers,
        body=body,
        _forward=lambda: _run(app, environ, request.body),
    )
    return request


def _run(app: "WSGIApplication", environ: "WSGIEnvironment", body: bytes) -> Reply:
    with_body = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    chunks, status, headers = run_wsgi_app(app, with_body, buffered=True)
    return Reply(int(status.split()[0]), dict(headers), b"".join(chunks))


def _service_and_operation(method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    if target := headers.get("x-amz-target", ""):
        return _signed_for(headers), target.rpartition(".")[2]
    if action := parse_qs(body.decode("latin-1")).get("Action") if body.startswith((b"Action=", b"Version=")) else None:
        return _signed_for(headers), action[0]
    service = _signed_for(headers) or "s3"
    if service == "lambda":
        return service, _LAMBDA_OPERATIONS.get((method, *_lambda_words(path)), "")
    return service, _s3_operation(method, path, headers) if service == "s3" else ""


def _lambda_words(path: str) -> list[str]:
    """A path of Lambda's without its version, and without names and ids."""
    return urlsplit(path).path.strip("/").split("/")[1::2]


def _signed_for(headers: Mapping[str, str]) -> str:
    service = scope_of(headers.get("authorization", "")).service
    return _ENDPOINT_NAMES.get(service, service)


def _s3_operation(method: str, path: str, headers: Mapping[str, str]) -> str:
    bucket, key = _bucket_and_key(path)
    if not bucket:
        return "ListBuckets"
    choices = _S3_OPERATIONS.get((method, bool(key)), {})
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    operation = next((name for flag, name in choices.items() if flag in query), choices.get(None, ""))
    return _WITH_COPY_SOURCE.get(operation, operation) if "x-amz-copy-source" in headers else operation


def _bucket_and_key(path: str) -> tuple[str, str]:
    bucket, _, key = path.partition("?")[0].lstrip("/").partition("/")
    return unquote(bucket), unquote(key)
