"""S3 with the configurations of one bucket, each replaced as a whole, and a stack whose bucket it is."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from ops.stack import Output, Stack
from shared.routes import Route
from tests.fakes.letters import EVE

OWNER = "210987654321"


@dataclass
class FakeS3:
    """What S3 says of one bucket, and what it is asked with. `between`, if set, runs before the second reading."""

    notifications: dict[str, Any] = field(default_factory=dict)
    lifecycle: dict[str, Any] | None = None
    region: str = "eu-west-1"
    puts: list[Mapping[str, Any]] = field(default_factory=list)
    reads: list[Mapping[str, Any]] = field(default_factory=list)
    between: Callable[["FakeS3"], None] | None = None
    # So many readings after a put that still tell what was there before it.
    late: int = 0
    _before: Any = None

    def close(self) -> None:
        """As boto3's clients do."""

    def head_bucket(self, **_: Any) -> Mapping[str, Any]:
        return {"BucketRegion": self.region}

    def get_bucket_notification_configuration(self, **asked: Any) -> dict[str, Any]:
        told = self._read(asked, lambda: self.notifications)
        for queue in told.get("QueueConfigurations", []):
            for rule in queue.get("Filter", {}).get("Key", {}).get("FilterRules", []):
                rule["Name"] = rule["Name"].capitalize()
        return {**told, "ResponseMetadata": {}}

    def put_bucket_notification_configuration(self, **asked: Any) -> None:
        self._before = copy.deepcopy(self.notifications)
        self.puts.append(asked)
        self.notifications = copy.deepcopy(asked["NotificationConfiguration"])

    def get_bucket_lifecycle_configuration(self, **asked: Any) -> dict[str, Any]:
        told = self._read(asked, lambda: self.lifecycle)
        if told is None:
            raise ClientError(
                {"Error": {"Code": "NoSuchLifecycleConfiguration", "Message": "none"}},
                "GetBucketLifecycleConfiguration",
            )
        return {**told, "ResponseMetadata": {}}

    def put_bucket_lifecycle_configuration(self, **asked: Any) -> None:
        self._before = copy.deepcopy(self.lifecycle)
        self.puts.append(asked)
        name = "TransitionDefaultMinimumObjectSize"
        smallest = {name: asked.get(name, "all_storage_classes_128K")}
        self.lifecycle = copy.deepcopy(asked["LifecycleConfiguration"]) | smallest

    def _read(self, asked: Mapping[str, Any], current: Callable[[], Any]) -> Any:
        if len(self.reads) == 1 and self.between:
            self.between(self)
        self.reads.append(asked)
        if self.puts and self.late:
            self.late -= 1
            return copy.deepcopy(self._before)
        return copy.deepcopy(current())


class Bus:
    """A bus that accepts everything. `details`: of the events that came, in order."""

    def __init__(self) -> None:
        self.details: list[dict[str, Any]] = []

    def close(self) -> None:
        """As boto3's clients do."""

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        self.details += [json.loads(entry["Detail"]) for entry in Entries]
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


@dataclass
class BucketStack:
    """What the commands of `ops.buckets` ask of a stack with a source `source` and a destination `destination`."""

    s3: FakeS3 = field(default_factory=FakeS3)
    bus: Bus = field(default_factory=Bus)
    name: str = "copytrail"
    region: str = "eu-west-1"
    arn: str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/copytrail/id"
    caller_arn: str = EVE
    bucket_names: Mapping[str, str] = field(default_factory=lambda: {"source": "uploads", "destination": "copies"})
    existing_buckets: Mapping[str, str | None] = field(default_factory=lambda: {"source": OWNER, "destination": None})
    routes: tuple[Route, ...] = (Route(source_bucket="uploads", destination_bucket="copies"),)

    account = Stack.account
    alias_of = Stack.alias_of
    expected_owner = Stack.expected_owner
    is_elsewhere = Stack.is_elsewhere
    resource_arn = Stack.resource_arn
    source_alias_of = Stack.source_alias_of

    def client(self, service: str) -> Any:
        return {"s3": self.s3, "events": self.bus}[service]

    def output(self, name: Output) -> str:
        assert name is Output.TRANSFER_BUS_NAME
        return "transfers"

    def run(self, command: click.Command, *arguments: str) -> Result:
        result = CliRunner().invoke(command, arguments, obj=self)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result
