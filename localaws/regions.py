"""Owns which regions there are: a request for another one gets one clear error."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

import botocore.session

from localaws.interception import Reply, aws_json_error, s3_error, scope_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_CODE = "InvalidRegion"
# Every region has it.
_SERVICE = "sqs"


class KnownRegions:
    """A WSGI application that passes on what is signed for a region that AWS has, or for none."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        scope = scope_of(environ.get("HTTP_AUTHORIZATION", ""))
        if scope.region in {"", *_regions()}:
            return self._app(environ, start_response)
        reply = _refusal(scope.service, scope.region, environ)
        start_response(f"{reply.status} Bad Request", list(reply.headers.items()))
        return [reply.body]


def _refusal(service: str, region: str, environ: Mapping[str, str]) -> Reply:
    message = f"AWS has no region {region!a}: check AWS_REGION and --region"
    if service == "s3":
        return s3_error(_CODE, message, 400)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        error = f"<ErrorResponse><Error><Code>{_CODE}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return Reply(400, {"Content-Type": "text/xml"}, error.encode())
    return aws_json_error(_CODE, message)


@cache
def _regions() -> frozenset[str]:
    session = botocore.session.Session()
    partitions = session.get_available_partitions()
    return frozenset(region for each in partitions for region in session.get_available_regions(_SERVICE, each))
