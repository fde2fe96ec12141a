"""`copytrail audit export --to-s3`: all of the table, exported into a bucket by DynamoDB itself."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ops.audit.athena import definitions
from ops.errors import CommandError, UsageError
from ops.params.keys import S3Url
from ops.stack import Output, Stack
from ops.terminal.prompts import note
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ExportDescriptionTypeDef, ExportTableToPointInTimeInputTypeDef

# S3's own "safe characters" of keys: nothing that SQL would have to escape.
_FOLDER = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9!_.*()/=-]*))?")
# An export that cannot begin says so soon; one that can takes minutes.
_CHECKS = 5
_BETWEEN_CHECKS_S = 1.0


def s3_folder(text: str) -> S3Url:
    """A folder of S3 on the command line: `s3://bucket` or `s3://bucket/prefix`. Its key has a slash at neither end.

    Raises:
        CommandError: the text is none.
    """
    found = _FOLDER.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"'{text}' is no place to export to: write s3://BUCKET/PREFIX, with a prefix of letters, digits and"
            " ! _ . * ( ) = - / only"
        )
    return S3Url(found[1], (found[2] or "").strip("/"))


def export_to_s3(stack: Stack, folder: S3Url, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Start an export, and print what it is called, how it stands, and how Athena reads it.

    Raises:
        CommandError: DynamoDB does not export, and why.
        CopytrailError: DynamoDB did not answer.

    Source: "DynamoDB data export to Amazon S3", DynamoDB developer guide.
    """
    url = folder.url.rstrip("/")
    dynamodb: DynamoDBClient = stack.client("dynamodb")
    table_name = stack.output(Output.AUDIT_TABLE_NAME)
    arn = _started(dynamodb, table_name, folder)["ExportArn"]
    click.echo(f"-- {arn}")
    state = _state(dynamodb, arn, sleep)
    if state["ExportStatus"] == "FAILED":
        raise CommandError(
            f"DynamoDB did not export to {url} ({state.get('FailureCode')}: {state.get('FailureMessage')}): "
            "check that the bucket is there, and that you may use s3:PutObject and s3:AbortMultipartUpload in it"
        )
    click.echo(f"-- {state['ExportStatus']}; to see how it stands:")
    click.echo(f"--   aws dynamodb describe-export --export-arn {arn}")
    click.echo(definitions(stack.name, export_id=arn.rpartition("/")[2], folder=url))
    note("Athena runs one statement at a time, once the export is COMPLETED")


def _started(dynamodb: "DynamoDBClient", table_name: str, folder: S3Url) -> "ExportDescriptionTypeDef":
    with translated("dynamodb:DescribeTable", table_name):
        table_arn = dynamodb.describe_table(TableName=table_name)["Table"]["TableArn"]
    request: ExportTableToPointInTimeInputTypeDef = {
        "TableArn": table_arn,
        "S3Bucket": folder.bucket,
        "ExportFormat": "DYNAMODB_JSON",
    }
    if folder.key:
        request["S3Prefix"] = folder.key
    try:
        with translated("dynamodb:ExportTableToPointInTime", table_name):
            return dynamodb.export_table_to_point_in_time(**request)["ExportDescription"]
    except CopytrailError as error:
        if not isinstance(error.__cause__, dynamodb.exceptions.PointInTimeRecoveryUnavailableException):
            raise
        raise CommandError(
            f"table {table_name} has no point-in-time recovery, which its export needs: turn it on with `aws dynamodb "
            f"update-continuous-backups --table-name {table_name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`"
        ) from error


def _state(dynamodb: "DynamoDBClient", arn: str, sleep: Callable[[float], None]) -> "ExportDescriptionTypeDef":
    """How an export stands, once it has got somewhere, or after some seconds."""
    for check in range(_CHECKS):
        if check:
            sleep(_BETWEEN_CHECKS_S)
        with translated("dynamodb:DescribeExport", arn):
            state = dynamodb.describe_export(ExportArn=arn)["ExportDescription"]
        if state["ExportStatus"] != "IN_PROGRESS":
            break
    return state
