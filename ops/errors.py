"""Errors of the command line: what AWS refused as one line that says what to do, and the exit codes."""

import re
from collections.abc import Callable

import click
from botocore import exceptions
from botocore.exceptions import ClientError

from ops.aws.foreign_answers import CODE as FOREIGN
from ops.aws.foreign_answers import ForeignAnswerError
from shared.errors import ConfigurationError, CopytrailError
from shared.humanize import visible

MEANINGS_OF_EXIT_CODES = {
    0: "done",
    1: "not found, not healthy, or AWS refused or did not answer",
    2: "wrong usage or configuration: options, stack, region, credentials",
    3: "reconcile found differences",
    4: "dlq could not see every dead letter that there is",
    130: "interrupted, by Ctrl-C or a signal",
    141: "the reader of the output closed it, as `head` does",
}
EXIT_CODES = "\n".join(
    ["\b", "Exit codes:", *(f"  {code}  {meaning}" for code, meaning in MEANINGS_OF_EXIT_CODES.items()), ""]
)
DIFFERENCES = 3

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_NOT_ACCEPTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# An endpoint that AWS_ENDPOINT_URL names says so; AWS itself has no host for such a region.
_NO_REGION = frozenset({"InvalidRegion"})
_READS_OF_A_TABLE = frozenset({"GetItem", "Query"})
_OF_A_REGION = re.compile(r"https://[a-z0-9-]+\.([a-z0-9-]+)\.amazonaws\.com\b")
_SIGN_IN = "run `aws sso login` or `aws configure`, or name a profile with --profile"


class CommandError(click.ClickException):
    """What was asked for failed: one line for a person."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(visible(" ".join(message.split())))


class IncompleteError(CommandError):
    """What was asked for was done to what could be seen, and that was not all."""

    exit_code = 4


class UsageError(CommandError):
    """Usage or configuration cannot work: one line that says what to change."""

    exit_code = 2


def is_foreseen(error: Exception) -> bool:
    """Whether an error is one of those that `as_command_error` knows: AWS's, or ours."""
    return isinstance(error, CopytrailError | ConfigurationError | exceptions.BotoCoreError | ClientError)


def as_command_error(error: Exception) -> CommandError:
    """What a person is told of an error that boto3, or a call translated by `shared.lambda_runtime.aws`, raised."""
    cause = error.__cause__ if isinstance(error, CopytrailError) else error
    if isinstance(cause, ClientError) and (refused := _refused(cause) or _not_our_table(cause, error)):
        return refused
    if isinstance(cause, exceptions.ConnectionError | exceptions.HTTPClientError) and (nowhere := _nowhere(cause)):
        return nowhere
    for kinds, failure, explain in _EXPLANATIONS:
        if isinstance(cause, kinds):
            return failure(explain(cause))
    if isinstance(error, ConfigurationError):
        return UsageError(str(error))
    if isinstance(error, CopytrailError):
        return CommandError(f"{error.reason}: {error.message}")
    return CommandError(str(error))


def concerns_everything(error: CopytrailError) -> bool:
    """Whether every call would fail like this one: there are no credentials, say, or none that AWS accepts."""
    # A bucket or a key that no request can name is one thing's own.
    is_of_one = isinstance(error.__cause__, exceptions.ParamValidationError)
    return isinstance(as_command_error(error), UsageError) and not is_of_one


def _refused(error: ClientError) -> CommandError | None:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    if code == FOREIGN:
        return CommandError(message)
    if code in _EXPIRED:
        return UsageError(f"the AWS credentials have expired: {_SIGN_IN}")
    if code in _NO_REGION:
        return UsageError(message if "--region" in message else f"{message or code}: check --region and AWS_REGION")
    if code in _NOT_ACCEPTED:
        return UsageError(f"AWS does not accept these credentials ({message or code}): {_SIGN_IN}")
    return None


def _not_our_table(refusal: ClientError, error: Exception) -> CommandError | None:
    details = refusal.response.get("Error", {})
    missing = details.get("Code") == "ResourceNotFoundException" or "specified index" in details.get("Message", "")
    if missing and refusal.operation_name in _READS_OF_A_TABLE:
        return CommandError(f"{error}: is it a copytrail audit table, and still there?")
    return None


def _nowhere(error: Exception) -> CommandError | None:
    """The failure that goes with an endpoint of AWS's in a region that there is not."""
    endpoint = str(getattr(error, "kwargs", {}).get("endpoint_url") or "")
    found = _OF_A_REGION.match(endpoint)
    if found is None:
        return None
    import botocore.session  # noqa: PLC0415 - a client has imported it

    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    if any(found[1] in session.get_available_regions("cloudformation", partition) for partition in partitions):
        return None
    return UsageError(
        f"{endpoint} does not answer, and '{found[1]}' is no region of AWS's that is known here: check --region and"
        " AWS_REGION"
    )


def _unreachable(error: Exception) -> str:
    endpoint = getattr(error, "kwargs", {}).get("endpoint_url") or "the endpoint"
    return f"{endpoint} does not answer: check the network, --region and AWS_ENDPOINT_URL"


_EXPLANATIONS: tuple[tuple[tuple[type[Exception], ...], type[CommandError], Callable[[Exception], str]], ...] = (
    (
        (exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        UsageError,
        lambda _: f"there are no AWS credentials: {_SIGN_IN}",
    ),
    (
        (exceptions.SSOError, exceptions.TokenRetrievalError, exceptions.CredentialRetrievalError),
        UsageError,
        lambda error: f"there are no usable AWS credentials ({error}): {_SIGN_IN}",
    ),
    (
        (exceptions.NoRegionError,),
        UsageError,
        lambda _: "there is no AWS region: name it with --region, or set AWS_REGION",
    ),
    (
        (exceptions.ProfileNotFound, exceptions.ConfigParseError),
        UsageError,
        lambda error: f"{error}: check --profile and ~/.aws/config",
    ),
    ((exceptions.ParamValidationError,), UsageError, str),
    ((ForeignAnswerError,), CommandError, str),
    ((exceptions.ConnectionError, exceptions.HTTPClientError), CommandError, _unreachable),
)
