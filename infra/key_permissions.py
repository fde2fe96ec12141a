"""IAM statements about KMS keys: who may use which key, and through which of AWS's services only."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.settings.buckets import Bucket
from shared.routes import Route

# What the CDK's own grants say for a table with a customer's key (`KEY_READ_ACTIONS`, `KEY_WRITE_ACTIONS`), spelt out.
_READING = ("kms:Decrypt", "kms:DescribeKey")
_WRITING = (*_READING, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
_SENDING = ("kms:Decrypt", "kms:GenerateDataKey")


def bucket_key_permissions(routes: Sequence[Route], buckets: Mapping[str, Bucket]) -> Iterator[iam.PolicyStatement]:
    """What the copier needs of the KMS keys with which the buckets of these routes encrypt.

    Source: "Using server-side encryption with AWS KMS keys", S3 user guide: completing a multipart upload decrypts.
    """
    yield from _through_s3("kms:Decrypt", buckets=[buckets[route.source_bucket] for route in routes])
    yield from _through_s3(
        "kms:Decrypt", "kms:GenerateDataKey", buckets=[buckets[route.destination_bucket] for route in routes]
    )


def bucket_key_reading(buckets: Iterable[Bucket]) -> Iterator[iam.PolicyStatement]:
    """What it takes to read objects of these buckets, and their checksums."""
    yield from _through_s3("kms:Decrypt", buckets=buckets)


def bucket_key_uploading(buckets: Iterable[Bucket]) -> Iterator[iam.PolicyStatement]:
    """What it takes to put objects into these buckets, in one request each."""
    yield from _through_s3("kms:GenerateDataKey", buckets=buckets)


def queue_key_permissions(key: kms.IKey | None) -> list[iam.PolicyStatement]:
    """What it takes to send to and receive from queues that are encrypted with this key.

    Source: "Key management", SQS developer guide: a sender needs both actions.
    """
    return _through("sqs", *_SENDING, key=key)


def queue_key_reading(key: kms.IKey | None) -> list[iam.PolicyStatement]:
    """What it takes to receive from queues that are encrypted with this key."""
    return _through("sqs", "kms:Decrypt", key=key)


def table_key_permissions(key: kms.IKey | None) -> list[iam.PolicyStatement]:
    """What it takes to write to a table that is encrypted with this key."""
    return _through("dynamodb", *_WRITING, key=key)


def table_key_reading(key: kms.IKey | None) -> list[iam.PolicyStatement]:
    """What it takes to read a table that is encrypted with this key."""
    return _through("dynamodb", *_READING, key=key)


def _through(service: str, *actions: str, key: kms.IKey | None) -> list[iam.PolicyStatement]:
    if key is None:
        return []
    return [_statement(actions, [key.key_arn], [f"{service}.{Stack.of(key).region}.amazonaws.com"])]


def _through_s3(*actions: str, buckets: Iterable[Bucket]) -> Iterator[iam.PolicyStatement]:
    if arns := sorted({bucket.kms_key_arn for bucket in buckets if bucket.kms_key_arn is not None}):
        # A key is in its bucket's region, which its ARN names.
        yield _statement(actions, arns, sorted({f"s3.{arn.split(':')[3]}.amazonaws.com" for arn in arns}))


def _statement(actions: Sequence[str], keys: Sequence[str], services: Sequence[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=list(actions),
        resources=list(keys),
        conditions={"StringEquals": {"kms:ViaService": list(services)}},
    )
