"""boto3 clients as copytrail sets them up, and boto3's exceptions turned into ours."""

import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from shared.errors import PermanentError, TransientError, explained, from_aws_code, sentence

# botocore's own name for an answer that it cannot read.
_UNREADABLE = "ResponseParserError"

_GONE_CODES = frozenset({"404", "NoSuchKey", "NoSuchVersion"})
_DELETE_MARKER_CODES = frozenset({"405", "MethodNotAllowed"})

# The characters that XML 1.0 cannot hold, written or referred to.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def client(service: str, *, connections: int, read_timeout_s: int, attempts: int = 3) -> Any:
    """A boto3 client that may be shared by `connections` threads.

    Retries are adaptive, because S3 takes 3,500 writes/s per prefix and says SlowDown past that. Endpoints are boto3's
    own business: AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> are honoured.
    """
    import boto3  # noqa: PLC0415 - most of a second, for which whoever needs no client does not wait
    from botocore.config import Config  # noqa: PLC0415

    made = boto3.client(
        service,  # type: ignore[call-overload]  # boto3-stubs types literal service names only
        config=Config(
            connect_timeout=5,
            read_timeout=read_timeout_s,
            max_pool_connections=connections,
            retries={"mode": "adaptive", "total_max_attempts": attempts},
            tcp_keepalive=True,
            user_agent_extra="copytrail",
        ),
    )
    keep_expires_as_text(made)
    return made


def keep_expires_as_text(client: Any) -> None:
    """Make an S3 client give back the header `Expires` as it came, in `ExpiresString`, and never `Expires`.

    S3 stores any text there (`0`, `never`, none at all). botocore takes it for a date: what is no date it drops with a
    warning, and what is empty it leaves to its parser, which raises ValueError. Clients of other services stay as they
    are. A second time does no harm.

    Source: `botocore.handlers.handle_expires_header`.
    """
    # Of this very name, to come before botocore's own handler.
    client.meta.events.register_first("before-parse.s3.*", _take_expires, unique_id="copytrail_take_expires")


def _take_expires(response_dict: dict[str, Any], customized_response_dict: MutableMapping[str, Any], **_: Any) -> None:
    expires = response_dict["headers"].pop("Expires", None)
    if expires is not None:
        customized_response_dict["ExpiresString"] = expires


def is_gone(error: ClientError, *, of_version: bool = False) -> bool:
    """Whether S3 said that there is no such object; `of_version`: asked for by its version id.

    A HEAD's answer has no body, so that it tells the status alone: its 404 may also be that of a bucket that is not
    there, which is no object that is gone (`NoSuchBucket`). 405: the version is a delete marker, or the caller may not
    use the method, which is all it can mean without a version id.

    Source: "HeadObject" and "Error responses", S3 API reference.
    """
    code = error.response.get("Error", {}).get("Code")
    return code in _GONE_CODES or (of_version and code in _DELETE_MARKER_CODES)


@contextmanager
def translated(action: str, resource: str) -> Iterator[None]:
    """Raise what boto3 raises as TransientError or PermanentError, naming the action (`s3:PutObject`) and the resource.

    Raises:
        CopytrailError: the call failed; the AWS error is its cause.
    """
    try:
        yield
    except ClientError as error:
        details = error.response.get("Error", {})
        message = explained(details) or str(error)
        raise from_aws_code(str(details.get("Code", "Unknown")), message, action=action, resource=resource) from error
    except ParamValidationError as error:
        # botocore does not send such a request, however often it is asked to.
        raise PermanentError(type(error).__name__, sentence(action, resource, " ".join(str(error).split()))) from error
    except BotoCoreError as error:
        raise TransientError(type(error).__name__, sentence(action, resource, str(error))) from error
    except UnicodeEncodeError:
        # What was asked for cannot be named in a request: nothing was answered.
        raise
    except (ValueError, RuntimeError, _parser_error()) as error:
        # A header or a body that does not fit the service's model: int(), a date that is none (ValueError), a date that
        # no clock has (RuntimeError, `botocore.utils.parse_timestamp`), XML that is none.
        raise TransientError(_UNREADABLE, sentence(action, resource, f"the answer cannot be read ({error})")) from error


def _parser_error() -> type[Exception]:
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - imported with the first client

    return ResponseParserError
