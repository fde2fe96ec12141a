"""Two servers for the tests of gaps: each such test must pass on ours and must not pass on bare moto."""

import contextlib
import json
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localaws.server import MotoServer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_BARE = "bare moto"

# One for all tests: it keeps the service models that it has read.
_session = boto3.Session("test", "test", region_name="us-east-1")


@dataclass(frozen=True)
class Aws:
    """Clients of one server, and what most tests begin with."""

    server: MotoServer
    s3: "S3Client"
    sqs: "SQSClient"
    events: "EventBridgeClient"
    dynamodb: "DynamoDBClient"

    def make_source_and_destination(self, *, versioned: bool = False) -> None:
        """Make the buckets `source` (whose events go to EventBridge) and `destination`."""
        for bucket in ("source", "destination"):
            self.s3.create_bucket(Bucket=bucket)
            if versioned:
                self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.s3.put_bucket_notification_configuration(
            Bucket="source", NotificationConfiguration={"EventBridgeConfiguration": {}}
        )

    def make_queue(self, name: str = "queue", **attributes: str) -> str:
        """Make a queue; its URL."""
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]  # the stubs want literal names

    def make_rule(self, pattern: dict[str, Any], *, bus: str = "default", queue: str = "queue", **target: Any) -> None:
        """Send what fits the pattern from a bus to a queue."""
        self.events.put_rule(Name="rule", EventBusName=bus, EventPattern=json.dumps(pattern))
        arn = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
        whole: Any = {"Id": "1", "Arn": arn, **target}
        self.events.put_targets(Rule="rule", EventBusName=bus, Targets=[whole])

    def receive(self, url: str, *, wait_s: int = 0, hidden_s: int = 60) -> list[Any]:
        """Up to ten messages with all their attributes."""
        answer = self.sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=wait_s,
            VisibilityTimeout=hidden_s,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def events_in(self, url: str) -> list[Any]:
        """The events in the bodies of a queue's messages, all of them."""
        found: list[Any] = []
        while messages := self.receive(url):
            found += [json.loads(message["Body"]) for message in messages]
        return found


def _clients(server: MotoServer) -> Aws:
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=20)

    def client(service: str) -> Any:
        return _session.client(service, endpoint_url=server.endpoint_url, config=config)  # type: ignore[call-overload]  # boto3-stubs types literal service names only

    return Aws(server, client("s3"), client("sqs"), client("events"), client("dynamodb"))


def _close(aws: Aws) -> None:
    for client in (aws.s3, aws.sqs, aws.events, aws.dynamodb):
        client.close()


@pytest.fixture
def aws() -> Iterator[Aws]:
    """The emulated AWS with its gaps closed."""
    with MotoServer() as server:
        clients = _clients(server)
        yield clients
        _close(clients)


@pytest.fixture(params=["gaps closed", _BARE])
def gap_aws(request: pytest.FixtureRequest) -> Iterator[Aws]:
    """The emulated AWS twice: with its gaps closed, and bare, where the same test must fail."""
    with MotoServer(close_gaps=request.param != _BARE) as server:
        clients = _clients(server)
        yield clients
        _close(clients)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Turn a test round on bare moto: a gap that is not there any more has to be heard of."""
    callspec = getattr(pyfuncitem, "callspec", None)
    if callspec is None or callspec.params.get("gap_aws") != _BARE:
        return (yield)
    try:
        yield
    except (AssertionError, ValueError, KeyError, BotoCoreError, ClientError, pytest.fail.Exception):
        return True
    pytest.fail("bare moto does this as AWS does: it has closed the gap itself, so ours can go", pytrace=False)


@pytest.fixture
def meeting_point(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
    """Make two callers of a function wait for each other inside it, if both get there at all."""

    def place(owner: Any, name: str) -> None:
        original = getattr(owner, name)
        barrier = threading.Barrier(2)

        def met(*more: Any, **named: Any) -> Any:
            with contextlib.suppress(threading.BrokenBarrierError):
                barrier.wait(timeout=0.3)
            return original(*more, **named)

        monkeypatch.setattr(owner, name, met)

    return place


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """Run functions at the same time; what each returned, or the ClientError it raised."""

    def run(*functions: Callable[[], Any]) -> list[Any]:
        results: list[Any] = [None] * len(functions)

        def call(place: int) -> None:
            try:
                results[place] = functions[place]()
            except ClientError as error:
                results[place] = error

        threads = [threading.Thread(target=call, args=(place,)) for place in range(len(functions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run
