"""Answers that are not AWS's: a proxy's page, a sign-in form, nothing at all, where AWS always says something.

botocore takes some of them for an empty result, as though a queue held nothing, and ends on others in a traceback.
"""

import html
import json
import re
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from botocore.exceptions import HTTPClientError

if TYPE_CHECKING:
    from botocore.model import OperationModel

# The code of the error that such an answer becomes, where botocore would try again.
CODE = "ForeignAnswer"

# Lambda speaks the second.
_JSON = frozenset({"json", "rest-json"})
_OK_UNTIL, _REDIRECT_UNTIL = 300, 400
_TRIED_AGAIN = frozenset({500, 502, 503, 504})
_ROOT = re.compile(rb"\A(?:\s|<\?.*?\?>|<!--.*?-->)*<([A-Za-z_][\w:.-]*)", re.DOTALL)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_ERROR_ROOTS = frozenset({"Error", "ErrorResponse", "Response"})
# Whether a page of DynamoDB's is JSON of DynamoDB's, its first and last character tell.
_LARGE = 4096
_LONGEST_SHOWN = 60


class ForeignAnswerError(HTTPClientError):
    """What came is no answer of AWS's."""

    fmt = "{message}"


def refuse_foreign_answers(client: Any) -> None:
    """Let a client raise ForeignAnswer, or a ClientError of the code `CODE`, on what cannot have come from AWS.

    Objects' own bytes are not checked.
    """
    endpoint = client.meta.endpoint_url

    def check(operation_model: "OperationModel", response_dict: MutableMapping[str, Any], **_: Any) -> None:
        if _is_aws(operation_model, response_dict):
            return
        message = _sentence(endpoint, operation_model.name, response_dict)
        if response_dict["status_code"] not in _TRIED_AGAIN:
            raise ForeignAnswerError(message=message)
        response_dict["body"] = _as_error(operation_model.service_model.resolved_protocol, message)

    client.meta.events.register_first("before-parse.*.*", check)


def _is_aws(operation: "OperationModel", response: Mapping[str, Any]) -> bool:
    status, headers = response["status_code"], {name.lower() for name in response["headers"]}
    if _OK_UNTIL <= status < _REDIRECT_UNTIL:
        # S3 tells of another region so.
        return any(name.startswith("x-amz") for name in headers)
    is_ok = status < _OK_UNTIL
    if operation.http.get("method") == "HEAD" or (is_ok and operation.has_streaming_output):
        return True
    body = bytes(response["body"]).strip()
    protocol = operation.service_model.resolved_protocol
    if not body:
        return not _says_something(operation, protocol) if is_ok else protocol == "rest-xml"
    if protocol in _JSON:
        return _is_json(body, operation, is_ok=is_ok)
    return _is_xml(body, operation, protocol, is_ok=is_ok)


def _says_something(operation: "OperationModel", protocol: str) -> bool:
    """Whether an answer without a body is none."""
    shape = operation.output_shape
    if shape is None or protocol == "query":
        return protocol == "query"
    return any("location" not in member.serialization for member in shape.members.values())


def _is_json(body: bytes, operation: "OperationModel", *, is_ok: bool) -> bool:
    if not (body.startswith(b"{") and body.endswith(b"}")):
        return False
    if len(body) > _LARGE:
        return True
    try:
        fields = json.loads(body)
    except ValueError:
        return False
    if not is_ok:
        return bool({"__type", "message", "Message"} & fields.keys())
    shape = operation.output_shape
    # What has nothing to say says {}.
    return not fields or shape is None or bool(set(shape.members) & fields.keys())


def _is_xml(body: bytes, operation: "OperationModel", protocol: str, *, is_ok: bool) -> bool:
    found = _ROOT.match(body)
    root = found[1].decode() if found else "html"
    if not is_ok:
        return root in _ERROR_ROOTS and _is_whole(body)
    if protocol == "query":
        return root == f"{operation.name}Response" and _is_whole(body)
    return root.lower() != "html"


def _is_whole(body: bytes) -> bool:
    try:
        ElementTree.fromstring(body)  # noqa: S314 - botocore reads it in the same way
    except ElementTree.ParseError:
        return False
    return True


def _sentence(endpoint: str, operation: str, response: Mapping[str, Any]) -> str:
    status = response["status_code"]
    return (
        f"{endpoint} answered {operation} with {_what(response)} (status {status}), which is no answer of AWS's:"
        " check AWS_ENDPOINT_URL, and whether a proxy or a sign-in page is in between (HTTPS_PROXY, NO_PROXY)"
    )


def _what(response: Mapping[str, Any]) -> str:
    location = {name.lower(): value for name, value in response["headers"].items()}.get("location", "")
    if _OK_UNTIL <= response["status_code"] < _REDIRECT_UNTIL and location:
        return f"a redirect to {location.partition('?')[0][:_LONGEST_SHOWN]}"
    body = response["body"]
    content = bytes(body).strip() if isinstance(body, bytes | bytearray) else b""
    if not content:
        return "nothing"
    if b"<html" in content[:_LARGE].lower():
        title = _TITLE.search(content)
        return "an HTML page" + (f", '{_shown(title[1])}'" if title else "")
    return f"'{_shown(content)}'"


def _shown(content: bytes) -> str:
    text = " ".join(html.unescape(content.decode(errors="replace")).split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _as_error(protocol: str, message: str) -> bytes:
    if protocol in _JSON:
        return json.dumps({"__type": CODE, "message": message}).encode()
    error = f"<Error><Code>{CODE}</Code><Message>{escape(message)}</Message></Error>"
    return (error if protocol == "rest-xml" else f"<ErrorResponse>{error}</ErrorResponse>").encode()
