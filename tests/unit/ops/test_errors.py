"""Every error that a person can do something about has one line and an exit code."""

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from ops.errors import UsageError, as_command_error
from shared.errors import ConfigurationError, CopytrailError, PermanentError
from shared.lambda_runtime.aws import translated


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Query")


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (exceptions.NoCredentialsError(), 2, "there are no AWS credentials"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), 2, "there are no AWS credentials"),
        (exceptions.UnauthorizedSSOTokenError(), 2, "aws sso login"),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), 2, "aws sso login"),
        (exceptions.CredentialRetrievalError(provider="process", error_msg="oh"), 2, "no usable AWS credentials"),
        (exceptions.NoRegionError(), 2, "--region"),
        (exceptions.ProfileNotFound(profile="p"), 2, "(p)"),
        (exceptions.ConfigParseError(path="/c"), 2, "/c"),
        (exceptions.ParamValidationError(report="too\nshort"), 2, "too short"),
        (exceptions.EndpointConnectionError(endpoint_url="https://e", error="x"), 1, "https://e does not answer"),
        (exceptions.ReadTimeoutError(endpoint_url="https://e", error="x"), 1, "https://e does not answer"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://e", error="x"), 1, "https://e does not answer"),
        (exceptions.ConnectionClosedError(endpoint_url="https://e", error="x"), 1, "https://e does not answer"),
        (refusal("ExpiredToken"), 2, "expired"),
        (refusal("ExpiredTokenException"), 2, "expired"),
        (refusal("InvalidClientTokenId", "bad key"), 2, "does not accept these credentials (bad key)"),
        (refusal("UnrecognizedClientException"), 2, "does not accept these credentials"),
        (refusal("InvalidRegion", "there is no region 'x'"), 2, "there is no region 'x': check --region"),
        (refusal("AccessDenied", "you may not"), 1, "you may not"),
        (ConfigurationError("environment", ["A is not set", "B is wrong"]), 2, "A is not set; B is wrong"),
        (PermanentError("NoRoute", "no route takes it"), 1, "NoRoute: no route takes it"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_is_explained(error: Exception, exit_code: int, said: str) -> None:
    failure = as_command_error(error)
    assert failure.exit_code == exit_code
    assert said in failure.message
    assert "\n" not in failure.message


def test_an_error_that_was_translated_is_explained_by_what_aws_said() -> None:
    with pytest.raises(CopytrailError) as caught, translated("dynamodb:Query", "audit"):
        raise refusal("ExpiredTokenException")
    assert as_command_error(caught.value).exit_code == 2


def test_a_translated_refusal_names_the_action_and_the_resource() -> None:
    with pytest.raises(CopytrailError) as caught, translated("dynamodb:Query", "audit"):
        raise refusal("AccessDeniedException", "you may not")
    failure = as_command_error(caught.value)
    assert (failure.exit_code, failure.message) == (1, "AccessDenied: dynamodb:Query on audit: you may not")


def test_a_message_with_control_characters_is_made_visible() -> None:
    assert UsageError("a\x1b[2Jb").message == r"a\x1b[2Jb"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceNotFoundException", "Requested resource not found"),
        ("ValidationException", "The table does not have the specified index: ByDay"),
    ],
)
def test_a_table_that_is_not_as_deployed_is_named_with_what_to_look_at(code: str, message: str) -> None:
    with pytest.raises(CopytrailError) as caught, translated("dynamodb:Query", "audit/index/ByDay"):
        raise refusal(code, message)
    failure = as_command_error(caught.value)
    said = f"dynamodb:Query on audit/index/ByDay: {message}: is it a copytrail audit table, and still there?"
    assert (failure.exit_code, failure.message) == (1, said)


@pytest.mark.parametrize(
    ("region", "exit_code", "said"),
    [
        ("us-nowhere-1", 2, "'us-nowhere-1' is no region of AWS's that is known here"),
        ("eu-central-1", 1, "does not answer: check"),
    ],
)
def test_a_region_that_there_is_not_is_a_wrong_configuration(region: str, exit_code: int, said: str) -> None:
    url = f"https://cloudformation.{region}.amazonaws.com/"
    failure = as_command_error(exceptions.EndpointConnectionError(endpoint_url=url))
    assert failure.exit_code == exit_code
    assert said in failure.message
