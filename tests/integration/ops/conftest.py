"""A stack on a moto server, and the installed `copytrail` command run against it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import boto3
import pytest

from localaws.server import MotoServer
from services.auditor.ledger import DynamoDbLedger
from shared.audit_log.record import Record
from tests.terminal import Terminal

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient

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
  ExistingBuckets: {Value: '{"destination":"210987654321"}'}
  CopierRoleArn: {Value: 'arn:aws-cn:iam::123456789012:role/copier'}
  Routes:
    Value: >-
      [{"sourceBucket":"uploads","destinationBucket":"between","prefixes":["in/","a*/"]},
      {"sourceBucket":"between","destinationBucket":"theirs","destinationPrefix":"copies/"},
      {"sourceBucket":"uploads","destinationBucket":"theirs","prefixes":["x/"],"destinationPrefix":"copies/x/",
      "storageClass":"STANDARD_IA"}]
"""
# A stack of something else.
OTHER_STACK = "not-copytrail"
_OTHER_TEMPLATE = "{Resources: {Topic: {Type: 'AWS::SQS::Queue'}}}"


class AuditTerminal(Terminal):
    """The `copytrail` command next to a stack, and the stack's audit table."""

    def __init__(self, home: Path, *, endpoint_url: str, dynamodb: "DynamoDBClient", stack: str, table: str) -> None:
        super().__init__(
            home,
            {
                "AWS_ENDPOINT_URL": endpoint_url,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "COPYTRAIL_STACK": stack,
            },
        )
        self.endpoint_url = endpoint_url
        self.dynamodb = dynamodb
        self.stack = stack
        self.table_name = table

    def keep(self, *records: Record) -> None:
        """Put records into the stack's table."""
        ledger = DynamoDbLedger(self.dynamodb, self.table_name)
        for record in records:
            ledger.append(record)


class Server(NamedTuple):
    """The module's own AWS, and clients of it."""

    endpoint_url: str
    cloudformation: "CloudFormationClient"
    dynamodb: "DynamoDBClient"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with MotoServer() as moto:
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
        cloudformation = session.client("cloudformation", endpoint_url=moto.endpoint_url)
        dynamodb = session.client("dynamodb", endpoint_url=moto.endpoint_url)
        cloudformation.create_stack(StackName=OTHER_STACK, TemplateBody=_OTHER_TEMPLATE)
        yield Server(moto.endpoint_url, cloudformation, dynamodb)
        dynamodb.close()
        cloudformation.close()


@pytest.fixture
def terminal(server: Server, tmp_path: Path) -> AuditTerminal:
    """A terminal next to a deployed stack with an empty audit table."""
    stack = f"copytrail-{uuid4().hex[:8]}"
    server.cloudformation.create_stack(StackName=stack, TemplateBody=_TEMPLATE)
    outputs = server.cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    [table] = [output["OutputValue"] for output in outputs if output["OutputKey"] == "AuditTableName"]
    return AuditTerminal(tmp_path, endpoint_url=server.endpoint_url, dynamodb=server.dynamodb, stack=stack, table=table)
