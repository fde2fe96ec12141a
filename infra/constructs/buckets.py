"""Buckets: each created, or referred to when it is there already; and where S3 logs the requests to those created."""

from typing import cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.settings.buckets import AccessLogSettings, Bucket

_PRIVATE = s3.BlockPublicAccess.BLOCK_ALL
# A bucket policy may open the objects; an access control list never may.
_POLICY_MAY_OPEN = s3.BlockPublicAccess(
    block_public_acls=True, ignore_public_acls=True, block_public_policy=False, restrict_public_buckets=False
)
_ABORT_AFTER = Duration.days(7)


def create_bucket(
    scope: Construct, alias: str, settings: Bucket, *, sends_events: bool, access_logs: s3.IBucket | None
) -> s3.IBucket:
    """The bucket behind an alias; `sends_events` makes a new one tell EventBridge of every upload."""
    if settings.existing:
        return s3.Bucket.from_bucket_name(scope, alias, cast(str, settings.name))
    # No alias has a dot in it: `sourceKey` may be another bucket's.
    key = kms.Key.from_key_arn(scope, f"{alias}.Key", settings.kms_key_arn) if settings.kms_key_arn else None
    bucket = _create(
        scope,
        alias,
        name=settings.name,
        key=key,
        lifecycle=_lifecycle(settings),
        versioned=settings.versioned,
        public_access=_POLICY_MAY_OPEN if settings.public_read else _PRIVATE,
    )
    if sends_events:
        _send_events(bucket)
    if settings.public_read:
        _open_to_readers(bucket)
    if settings.request_metrics is not None:
        bucket.add_metric(id=settings.request_metrics)
    if access_logs is not None:
        _log_access(bucket, alias, access_logs)
    return bucket


def create_access_log_bucket(scope: Construct, id_: str, settings: AccessLogSettings) -> s3.IBucket | None:
    """The bucket that S3 writes access logs to, if any are kept; its owner lets S3 in where it is there already."""
    if not settings.are_on:
        return None
    if settings.existing:
        return s3.Bucket.from_bucket_name(scope, id_, cast(str, settings.bucket_name))
    keep = Duration.days(cast(int, settings.keep_days))
    return _create(
        scope,
        id_,
        name=settings.bucket_name,
        # With a KMS key, S3 would deliver no logs ("Enabling Amazon S3 server access logging", S3 user guide).
        key=None,
        lifecycle=s3.LifecycleRule(abort_incomplete_multipart_upload_after=_ABORT_AFTER, expiration=keep),
        versioned=False,
        public_access=_PRIVATE,
    )


def _create(
    scope: Construct,
    id_: str,
    *,
    name: str | None,
    key: kms.IKey | None,
    lifecycle: s3.LifecycleRule,
    versioned: bool,
    public_access: s3.BlockPublicAccess,
) -> s3.Bucket:
    bucket = s3.Bucket(
        scope,
        id_,
        bucket_name=name,
        versioned=versioned,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        # One request to KMS for many objects, not one for each.
        bucket_key_enabled=True if key else None,
        enforce_ssl=True,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        block_public_access=public_access,
        lifecycle_rules=[lifecycle],
        # A first deployment that fails leaves nothing behind whose name the next one could not take.
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    if bucket.policy is not None:
        # What stays behind when the stack is deleted stays as protected as it was.
        bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return bucket


def _lifecycle(settings: Bucket) -> s3.LifecycleRule:
    if settings.noncurrent_days is None:
        return s3.LifecycleRule(abort_incomplete_multipart_upload_after=_ABORT_AFTER)
    return s3.LifecycleRule(
        abort_incomplete_multipart_upload_after=_ABORT_AFTER,
        noncurrent_version_expiration=Duration.days(settings.noncurrent_days),
        # A delete marker whose versions are all gone would stay, and slow listings down.
        expired_object_delete_marker=True,
    )


def _log_access(bucket: s3.Bucket, alias: str, access_logs: s3.IBucket) -> None:
    resource = cast(s3.CfnBucket, bucket.node.default_child)
    prefix = f"{alias}/"
    # `server_access_logs_bucket` would let S3 in by an access control list, which these buckets refuse.
    resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
        destination_bucket_name=access_logs.bucket_name, log_file_prefix=prefix
    )
    # Nothing is added to the policy of a bucket that is there already.
    access_logs.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
            actions=["s3:PutObject"],
            resources=[access_logs.arn_for_objects(f"{prefix}*")],
            conditions={
                "ArnLike": {"aws:SourceArn": bucket.bucket_arn},
                "StringEquals": {"aws:SourceAccount": Stack.of(bucket).account},
            },
        )
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
