"""Owns a stack on a moto server, and the installed `copytrail` command run against it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest

from localaws.server import MotoServer
from services.auditor.ledger import DynamoDbLedger
from services.auditor.record import Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COPYTRAIL = Path(sys.executable).with_name("copytrail")
_TEMPLATE = """
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: LogID, KeyType: HASH}]
      AttributeDefinitions:
        - {AttributeName: LogID, AttributeType: S}
        - {AttributeName: SourceObject, AttributeType: S}
        - {AttributeName: UploadedAt, AttributeType: S}
        - {AttributeName: DayShard, AttributeType: S}
        - {AttributeName: FinishedOrder, AttributeType: S}
      GlobalSecondaryIndexes:
        - IndexName: ByObject
          KeySchema: [{AttributeName: SourceObject, KeyType: HASH}, {AttributeName: UploadedAt, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
        - IndexName: ByDay
          KeySchema: [{AttributeName: DayShard, KeyType: HASH}, {AttributeName: FinishedOrder, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
Outputs:
  AuditTableName: {Value: !Ref Table}
  BucketNames: {Value: '{"source":"uploads","middle":"between","destination":"theirs"}'}
  CopierRoleArn: {Value: 'arn:aws-cn:iam::123456789012:role/copier'}
  Routes:
    Value: >-
      [{"sourceBucket":"uploads","destinationBucket":"between","prefixes":["in/","a*/"]},
      {"sourceBucket":"between","destinationBucket":"theirs","destinationPrefix":"copies/"},
      {"sourceBucket":"uploads","destinationBucket":"theirs","prefixes":["x/"],"destinationPrefix":"copies/x/",
      "storageClass":"STANDARD_IA"}]
"""
_OTHER_TEMPLATE = "{Resources: {Topic: {Type: 'AWS::SQS::Queue'}}}"


@dataclass
class Terminal:
    """The `copytrail` command in a shell of its own."""

    endpoint_url: str
    home: Path
    dynamodb: "DynamoDBClient"
    stack: str
    table_name: str

    def keep(self, *records: Record) -> None:
        """Put records into the stack's table."""
        ledger = DynamoDbLedger(self.dynamodb, self.table_name)
        for record in records:
            ledger.append(record)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command with its output in pipes. An empty value takes a variable away."""
        return subprocess.run(  # noqa: S603 - our own command
            [COPYTRAIL, *arguments],
            env=self.variables(environment),
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
        )

    def show(self, *arguments: str, width: int) -> str:
        """Run the command on a terminal of so many characters a line; what it shows."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        with subprocess.Popen(  # noqa: S603 - our own command
            [COPYTRAIL, *arguments], env=self.variables({"TERM": "xterm"}), stdout=theirs, stderr=theirs
        ):
            os.close(theirs)
            shown = b"".join(_until_closed(ours))
        os.close(ours)
        return shown.decode()

    def variables(self, changes: Mapping[str, str]) -> dict[str, str]:
        """The environment of the command, and of nothing else on this machine."""
        variables = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "COPYTRAIL_STACK": self.stack,
        }
        return {name: value for name, value in (variables | dict(changes)).items() if value}


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    with MotoServer() as server:
        yield server.endpoint_url


@pytest.fixture
def terminal(endpoint_url: str, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal next to a deployed stack with an empty audit table."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    cloudformation = session.client("cloudformation", endpoint_url=endpoint_url)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url)
    stack = f"copytrail-{uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=stack, TemplateBody=_TEMPLATE)
    cloudformation.create_stack(StackName=f"{stack}-other", TemplateBody=_OTHER_TEMPLATE)
    outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    [table_name] = [output["OutputValue"] for output in outputs if output["OutputKey"] == "AuditTableName"]
    yield Terminal(endpoint_url, tmp_path, dynamodb, stack, table_name)
    dynamodb.close()
    cloudformation.close()


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:
            # Linux says EIO when the other end of a terminal is closed.
            return
        if not chunk:
            return
        yield chunk
