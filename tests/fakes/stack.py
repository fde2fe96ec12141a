"""A stack whose dead-letter queues are in memory, and the commands of `dlq` beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from ops.dlq.commands import dlq
from ops.stack import Output
from shared.routes import Route
from tests.fakes.letters import EVE
from tests.fakes.sqs_client import DLQ, FakeSqs

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/copies"


class Closable:
    def close(self) -> None:
        pass


class Sqs(FakeSqs, Closable):
    pass


class NothingThere(Closable):
    """S3 without an object."""

    def head_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": "404", "Message": "Not Found"}}, "HeadObject")

    def head_bucket(self, **_: Any) -> Any:
        return {}


class Accepting(Closable):
    """A bus that takes all."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in Entries]}


@dataclass
class FakeStack:
    """What the commands ask of a stack."""

    sqs: Sqs = field(default_factory=Sqs)
    name: str = "copytrail"
    region: str = "us-east-1"
    caller_arn: str = EVE
    routes: tuple[Route, ...] = (Route(source_bucket="in", destination_bucket="out"),)

    def client(self, service: str, *, connections: int = 1) -> Any:
        return {"sqs": self.sqs, "s3": NothingThere(), "events": Accepting()}[service]

    def output(self, output: Output) -> str:
        return {Output.COPY_DLQ_URL: DLQ, Output.AUDIT_DLQ_URL: DLQ}.get(output, QUEUE)

    def run(self, *arguments: str) -> Result:
        # `drop` keeps what it deletes in a file.
        with TemporaryDirectory() as folder:
            kept = ["--to", f"{folder}/dropped.jsonl"] if arguments[0] == "drop" else []
            result = CliRunner().invoke(dlq, [*arguments, *kept], obj=self)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result
