"""Checks of the buckets of the routes, of their keys, and of the audit table."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ops.buckets.change import Configuration
from ops.buckets.notifications import notification_configuration, sends_events
from ops.doctor.check import Check, Problem
from ops.stack import Output, Stack
from shared.audit_log import schema
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated
from shared.routes import versioned_buckets

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_NO_BUCKET = "NoSuchBucket"
_NO_TABLE = "ResourceNotFoundException"
# In both, reads and writes go on ("TableDescription", DynamoDB API reference).
_IN_USE = {"ACTIVE", "UPDATING"}


def bucket_checks(s3: "S3Client", stack: Stack) -> Iterator[Check]:
    """One for the notifications of each source bucket, and one for each destination and whatever has to keep versions.

    Buckets of other accounts are left out: what is set in them is not told to this one.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    for bucket in dict.fromkeys(route.source_bucket for route in stack.routes):
        if not stack.is_elsewhere(bucket):
            owner = stack.expected_owner(stack.alias_of(bucket))
            problems = partial(_notification_problems, s3, bucket, owner, _to_make(bucket, stack))
            yield Check(f"notifications of bucket {bucket}", problems)
    needed = versioned_buckets(stack.routes)
    for bucket in dict.fromkeys([*(route.destination_bucket for route in stack.routes), *needed]):
        if not stack.is_elsewhere(bucket):
            why = needed.get(bucket)
            subject = f"versions of bucket {bucket}" if why else f"destination bucket {bucket}"
            yield Check(subject, partial(_versioning_problems, s3, bucket, why, _to_make(bucket, stack)))


def key_checks(kms: Any, stack: Stack) -> Iterator[Check]:
    """One for each key of the stack's account.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack of this version.
    """
    for arn in stack.key_arns:
        # Keys of other accounts do not tell this one's people.
        if arn.split(":")[4] == stack.account:
            yield Check(f"key {arn}", partial(_key_problems, kms, arn))


def table_check(dynamodb: "DynamoDBClient", stack: Stack) -> Check:
    """The one of the audit table and its indexes.

    Raises:
        CommandError: there is no such stack, or it is not a copytrail stack.
    """
    name = stack.output(Output.AUDIT_TABLE_NAME)
    return Check(f"audit table {name}", lambda: _table_problems(dynamodb, name))


def _to_make(bucket: str, stack: Stack) -> str | None:
    return f"aws s3 mb s3://{bucket}" if stack.alias_of(bucket) in stack.existing_buckets else None


def _notification_problems(s3: "S3Client", bucket: str, owner: Configuration, make: str | None) -> Iterator[Problem]:
    try:
        found = notification_configuration(s3, bucket, owner).read()
    except CopytrailError as error:
        if error.reason != _NO_BUCKET:
            raise
        yield Problem("the bucket is not there", make)
        return
    if not sends_events(found):
        yield Problem("Amazon EventBridge is off, so that nobody hears of uploads", f"copytrail enable-events {bucket}")


def _versioning_problems(s3: "S3Client", bucket: str, why: str | None, make: str | None) -> Iterator[Problem]:
    try:
        with translated("s3:GetBucketVersioning", f"s3://{bucket}"):
            found = s3.get_bucket_versioning(Bucket=bucket)
    except CopytrailError as error:
        if error.reason != _NO_BUCKET:
            raise
        yield Problem("the bucket is not there", make)
        return
    if why and found.get("Status") != "Enabled":
        yield Problem(
            f"it keeps none, and {why} on its route",
            f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
        )


def _key_problems(kms: Any, arn: str) -> Iterator[Problem]:
    with translated("kms:DescribeKey", arn):
        state = kms.describe_key(KeyId=arn)["KeyMetadata"].get("KeyState")
    enable = f"aws kms enable-key --key-id {arn}"
    if state == "PendingDeletion":
        yield Problem(
            "it is about to be deleted, with all that it has encrypted",
            f"aws kms cancel-key-deletion --key-id {arn} && {enable}",
        )
    elif state != "Enabled":
        yield Problem(f"it is {str(state).lower()}: what it encrypts is neither read nor written", enable)


def _table_problems(dynamodb: "DynamoDBClient", name: str) -> Iterator[Problem]:
    try:
        with translated("dynamodb:DescribeTable", name):
            table = dynamodb.describe_table(TableName=name)["Table"]
    except CopytrailError as error:
        if error.reason != _NO_TABLE:
            raise
        yield Problem("it is not there: outcomes are not recorded")
        return
    if (status := table["TableStatus"]) not in _IN_USE:
        yield Problem(f"it is {status}: outcomes are not recorded", f"aws dynamodb describe-table --table-name {name}")
    # The API has IndexStatus as optional, and not every AWS tells it.
    indexes = {each["IndexName"]: each.get("IndexStatus", status) for each in table.get("GlobalSecondaryIndexes", [])}
    for index in (schema.BY_DAY, schema.BY_OBJECT):
        if index not in indexes:
            yield Problem(f"its index {index} is not there: records are not found")
        elif indexes[index] not in _IN_USE:
            yield Problem(
                f"its index {index} is {indexes[index]}: records are not found yet",
                f"aws dynamodb describe-table --table-name {name}",
            )
