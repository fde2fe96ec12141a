"""Regions that AWS has: a request that is signed for another one gets one clear error."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import botocore.session

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CODE = "InvalidRegion"
# Every region has it.
_SERVICE = "sqs"


class Scope(NamedTuple):
    """What a request is signed for; both empty when it is not signed."""

    region: str
    service: str


def scope_of(authorization: str) -> Scope:
    """The scope in an `Authorization` header: key id, date, region, service, "aws4_request"."""
    words = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    return Scope(*words[2:4]) if len(words) > 3 else Scope("", "")  # noqa: PLR2004 - the scope's own length


class KnownRegions:
    """A WSGI application that passes on what is signed for a region that AWS has, or for none."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        scope = scope_of(environ.get("HTTP_AUTHORIZATION", ""))
        if scope.region in {"", *_regions()}:
            return self._app(environ, start_response)
        content_type, body = _refusal(scope, environ)
        start_response("400 Bad Request", [("Content-Type", content_type)])
        return [body.encode()]


def _refusal(scope: Scope, environ: Mapping[str, str]) -> tuple[str, str]:
    """The content type and the body, in the protocol that the client speaks."""
    message = f"AWS has no region {scope.region!a}: check AWS_REGION and --region"
    error = f"<Error><Code>{_CODE}</Code><Message>{message}</Message></Error>"
    if scope.service == "s3":
        return "application/xml", error
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>"
    return "application/x-amz-json-1.1", json.dumps({"__type": _CODE, "message": message})


@cache
def _regions() -> frozenset[str]:
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return frozenset(region for each in partitions for region in session.get_available_regions(_SERVICE, each))
