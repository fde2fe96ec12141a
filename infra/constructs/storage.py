"""The storage: buckets, each created or (when it exists already) referred to, and the DynamoDB tables."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.settings.buckets import Bucket
from shared import placement_table
from shared.audit_log import schema

_PRIVATE = s3.BlockPublicAccess.BLOCK_ALL
# A bucket policy may open the objects; an access control list never may.
_POLICY_MAY_OPEN = s3.BlockPublicAccess(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=False, restrict_public_buckets=False
)


def create_bucket(scope: Construct, alias: str, settings: Bucket, *, sends_events: bool) -> s3.IBucket:
    """The bucket behind an alias; `sends_events` makes a new one tell EventBridge of every upload."""
    if settings.existing:
        return s3.Bucket.from_bucket_name(scope, alias, cast(str, settings.name))
    key = kms.Key.from_key_arn(scope, f"{alias}Key", settings.kms_key_arn) if settings.kms_key_arn else None
    bucket = s3.Bucket(
        scope,
        alias,
        bucket_name=settings.name,
        versioned=settings.versioned,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        # One request to KMS for many objects, not one for each.
        bucket_key_enabled=True if key else None,
        enforce_ssl=True,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        block_public_access=_POLICY_MAY_OPEN if settings.public_read else _PRIVATE,
        lifecycle_rules=[s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7))],
        # A first deployment that fails leaves nothing behind whose name the next one could not take.
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    if sends_events:
        _send_events(bucket)
    if settings.public_read:
        _open_to_readers(bucket)
    if bucket.policy is not None:
        # What stays behind when the stack is deleted stays as protected as it was.
        bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return bucket


def create_audit_table(scope: Construct, id_: str, *, name: str | None) -> dynamodb.Table:
    """One permanent record per transfer, with two indexes. It outlives the stack, and refuses to be deleted."""
    table = dynamodb.Table(
        scope,
        id_,
        table_name=name,
        partition_key=_text(schema.PARTITION_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=True,
        # Not RETAIN_ON_UPDATE_OR_DELETE: a protected table cannot be deleted, and the failed deployment would be stuck.
        removal_policy=RemovalPolicy.RETAIN,
    )
    for index, partition_key, sort_key in (
        (schema.BY_OBJECT, schema.SOURCE_OBJECT, schema.UPLOADED_AT),
        (schema.BY_DAY, schema.DAY_SHARD, schema.FINISHED_ORDER),
    ):
        table.add_global_secondary_index(
            index_name=index,
            partition_key=_text(partition_key),
            sort_key=_text(sort_key),
            projection_type=dynamodb.ProjectionType.ALL,
        )
    return table


def create_placement_table(scope: Construct, id_: str) -> dynamodb.Table:
    """The newest version placed under each destination key; it lives as long as the copy queue, which needs it."""
    return dynamodb.Table(
        scope,
        id_,
        partition_key=_text(placement_table.PARTITION_KEY),
        sort_key=_text(placement_table.SORT_KEY),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute=placement_table.EXPIRES_AT,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _send_events(bucket: s3.Bucket) -> None:
    # `event_bridge_enabled=True` would add a custom resource with a function and a broad role of its own.
    resource = cast(s3.CfnBucket, bucket.node.default_child)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )


def _open_to_readers(bucket: s3.Bucket) -> None:
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid="AnyoneMayReadObjects",
            principals=[iam.AnyPrincipal()],
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("*")],
        )
    )


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
