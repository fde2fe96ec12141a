"""Whatever an S3 object's headers hold, a read gives it back or says what cannot be read."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.stack import Stack
from shared.errors import CopytrailError, PermanentError, TransientError
from shared.lambda_runtime.aws import client, translated

# What a header may hold on the wire, as http.client reads it: Latin-1.
_HEADER_TEXT = st.text(st.characters(max_codepoint=0xFF, exclude_categories=["Cc"]))


class _NoBody:
    def stream(self) -> Iterator[bytes]:
        yield b""


def _answering(s3: Any, headers: dict[str, str]) -> Any:
    """Make an S3 client get these headers for an answer, with nothing sent."""

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, headers, _NoBody())  # type: ignore[arg-type]  # as much of urllib3's as is read

    s3.meta.events.register("before-send.s3", answer)
    return s3


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def _of_the_services() -> Any:
    return client("s3", connections=1, read_timeout_s=1)


def _of_the_operator() -> Any:
    return Stack("copytrail", region="us-east-1").client("s3")


@pytest.mark.parametrize("make", [_of_the_services, _of_the_operator])
@pytest.mark.parametrize("operation", ["head_object", "get_object"])
@pytest.mark.parametrize(
    "expires",
    ["", " ", "0", "-1", "never", "Wed, 21 Oct 2037 07:28:00 GMT", "Wed, 21 Oct 2037 07:28:00 +0200", "9" * 5000],
)
def test_an_expires_is_told_as_it_came(make: Any, operation: str, expires: str) -> None:
    with closing(_answering(make(), {"expires": expires, "ETag": '"e"'})) as s3:
        told = getattr(s3, operation)(Bucket="in", Key="k")

    assert told["ExpiresString"] == expires
    assert "Expires" not in told
    assert told["ETag"] == '"e"'


def test_any_text_is_an_expires() -> None:
    headers: dict[str, str] = {}

    @settings(deadline=None)
    @given(expires=_HEADER_TEXT)
    def is_told_as_it_came(expires: str) -> None:
        headers["Expires"] = expires
        assert s3.head_object(Bucket="in", Key="k")["ExpiresString"] == expires

    with closing(_answering(_of_the_services(), headers)) as s3:
        is_told_as_it_came()


def test_no_expires_is_told_of_an_object_that_has_none() -> None:
    with closing(_answering(_of_the_services(), {"ETag": '"e"'})) as s3:
        assert "ExpiresString" not in s3.head_object(Bucket="in", Key="k")


@pytest.mark.parametrize(
    "header",
    [
        "Last-Modified",
        "Content-Length",
        "x-amz-missing-meta",
        "x-amz-mp-parts-count",
        "x-amz-tagging-count",
        "x-amz-object-lock-retain-until-date",
    ],
)
@pytest.mark.parametrize("value", ["", "many", "9" * 5000, "inf"])
def test_a_header_that_cannot_be_read_is_a_failure_that_names_the_object(header: str, value: str) -> None:
    with (
        closing(_answering(_of_the_services(), {header: value})) as s3,
        pytest.raises(TransientError, match=r"s3:GetObject on s3://in/k: the answer cannot be read") as failed,
        translated("s3:GetObject", "s3://in/k"),
    ):
        s3.head_object(Bucket="in", Key="k")

    assert failed.value.reason == "ResponseParserError"
    assert failed.value.__cause__ is not None


def test_an_answer_of_s3_keeps_what_it_names() -> None:
    answer = {"Error": {"Code": "NotImplemented", "Message": "No such header.", "Header": "x-amz-tagging"}}

    with pytest.raises(CopytrailError) as raised, translated("CopyObject", "s3://in/k"):
        raise ClientError(answer, "CopyObject")  # type: ignore[arg-type]  # the stubs know no such element

    assert raised.value.message == "CopyObject on s3://in/k: No such header. (Header: x-amz-tagging)"


def test_an_answer_without_a_message_is_told_of_as_botocore_tells_of_it() -> None:
    with pytest.raises(CopytrailError) as raised, translated("CopyObject", "s3://in/k"):
        raise ClientError({"Error": {"Code": "Odd"}}, "CopyObject")

    assert raised.value.reason == "Odd"
    assert "CopyObject operation" in raised.value.message


def test_a_request_that_botocore_does_not_send_is_permanent() -> None:
    with (
        closing(client("s3", connections=1, read_timeout_s=1)) as s3,
        pytest.raises(PermanentError, match="Non ascii") as raised,
        translated("s3:PutObject", "s3://in/k"),
    ):
        s3.create_multipart_upload(Bucket="in", Key="k", Metadata={"a": "ü"})

    assert raised.value.reason == "ParamValidationError"
    assert "\n" not in raised.value.message
