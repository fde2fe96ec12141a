"""What a proxy answers in AWS's place is one line that names the endpoint, whichever call it is."""

import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws.server import MotoServer
from ops.aws.foreign_answers import ForeignAnswerError, refuse_foreign_answers
from tests.terminal import Terminal

PAGE = b"<!DOCTYPE html><html><head><title>Sign in &amp; go on</title></head><body>Hello</body></html>"
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "a page": (200, {"Content-Type": "text/html"}, PAGE),
    "an XHTML page": (200, {}, b"<?xml version='1.0'?><!-- x --><html><body/></html>"),
    "nothing": (200, {}, b""),
    "a redirect": (302, {"Location": "https://login.example.com/?token=secret"}, b""),
    "not implemented": (501, {}, PAGE),
    "forbidden": (403, {"Content-Type": "text/html"}, PAGE),
    "a bad gateway": (502, {}, b"Bad Gateway"),
    "JSON of somebody else": (200, {"Content-Type": "application/json"}, b'{"login": "https://example.com"}'),
    "half of it": (200, {}, b'<DescribeStacksResponse xmlns="x"><Desc'),
}
COMMANDS = [
    ("audit", "list"),
    ("audit", "get", "6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d"),
    ("dlq", "ls"),
    ("status",),
    ("reconcile",),
    ("backfill", "--dry-run"),
    ("bucket-policy", "source"),
    ("doctor",),
]


class Proxy(BaseHTTPRequestHandler):
    """Answers everything alike."""

    answer: ClassVar[tuple[int, dict[str, str], bytes]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def run(endpoint: str, home: Path, answer: str, *arguments: str) -> tuple[int, str, str]:
    Proxy.answer = ANSWERS[answer]
    variables = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    ended = Terminal(home, {**variables, "AWS_ENDPOINT_URL": endpoint}).run(*arguments)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("answer", ANSWERS)
def test_the_first_call_of_a_command_ends_it_with_one_line(endpoint: str, tmp_path: Path, answer: str) -> None:
    code, printed, told = run(endpoint, tmp_path, answer, *COMMANDS[0])
    assert (code, printed, told.count("\n")) == (1, "", 1)
    assert told.startswith(f"Error: {endpoint} answered DescribeStacks with ")
    assert "secret" not in told


@pytest.mark.parametrize("command", COMMANDS[1:], ids=" ".join)
def test_whichever_command_it_is(endpoint: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    code, printed, told = run(endpoint, tmp_path, "a page", *command)
    assert (code, printed) == (1, "")
    assert told == (
        f"Error: {endpoint} answered DescribeStacks with an HTML page, 'Sign in & go on' (status 200), which is no"
        " answer of AWS's: check AWS_ENDPOINT_URL, and whether a proxy or a sign-in page is in between (HTTPS_PROXY,"
        " NO_PROXY)\n"
    )


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "describe_stacks": ("cloudformation", {}),
    "get_caller_identity": ("sts", {}),
    "query": (
        "dynamodb",
        {"TableName": "t", "KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}},
    ),
    "get_item": ("dynamodb", {"TableName": "t", "Key": {"a": {"S": "a"}}}),
    "receive_message": ("sqs", {"QueueUrl": "http://q"}),
    "get_queue_attributes": ("sqs", {"QueueUrl": "http://q"}),
    "send_message_batch": ("sqs", {"QueueUrl": "http://q", "Entries": [{"Id": "1", "MessageBody": "m"}]}),
    "put_events": ("events", {"Entries": [{"Detail": "{}"}]}),
    "get_metric_data": ("cloudwatch", {"MetricDataQueries": [], "StartTime": 0, "EndTime": 1}),
    "list_objects_v2": ("s3", {"Bucket": "b"}),
    "get_object_tagging": ("s3", {"Bucket": "b", "Key": "k"}),
}


@pytest.mark.parametrize("answer", [answer for answer in ANSWERS if answer != "half of it"])
@pytest.mark.parametrize("call", CALLS)
def test_no_call_takes_it_for_an_answer(endpoint: str, call: str, answer: str) -> None:
    service, parameters = CALLS[call]
    if service == "s3" and answer == "JSON of somebody else":
        answer = "a page"
    Proxy.answer = ANSWERS[answer]
    client = _client(service, endpoint)
    with pytest.raises((ForeignAnswerError, ClientError)) as raised:
        getattr(client, call)(**parameters)
    assert f"{endpoint} answered " in str(raised.value)


def test_what_aws_says_of_nothing_is_an_answer() -> None:
    with MotoServer() as server:
        sqs = _client("sqs", server.endpoint_url)
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="m")
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sqs.close()


@cache
def _client(service: str, endpoint: str) -> Any:
    from botocore.config import Config  # noqa: PLC0415 - with the client

    session = boto3.Session("a", "b", region_name="us-east-1")
    client = session.client(  # type: ignore[call-overload]  # literal names only
        service, endpoint_url=endpoint, config=Config(retries={"mode": "standard", "total_max_attempts": 1})
    )
    refuse_foreign_answers(client)
    return client
