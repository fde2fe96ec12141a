"""The notification configuration of a bucket, and EventBridge added to it."""

from typing import TYPE_CHECKING, Any, cast

from ops.buckets.change import BucketConfiguration, Configuration
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_EVENT_BRIDGE = "EventBridgeConfiguration"


def notification_configuration(s3: "S3Client", bucket: str, owner: Configuration) -> BucketConfiguration:
    """That of a bucket; `owner` goes with each request."""

    def read() -> Configuration:
        with translated("s3:GetBucketNotification", f"s3://{bucket}"):
            answer = cast("dict[str, Any]", s3.get_bucket_notification_configuration(Bucket=bucket, **owner))
        return {name: _as_put(value) for name, value in answer.items() if name != "ResponseMetadata"}

    def replace(configuration: Configuration) -> None:
        with translated("s3:PutBucketNotification", f"s3://{bucket}"):
            s3.put_bucket_notification_configuration(
                Bucket=bucket,
                NotificationConfiguration=cast(Any, configuration),
                # S3 would send a test message to each queue and topic that is there already, and refuse all of it
                # because of one that is gone ("PutBucketNotificationConfiguration", S3 API reference).
                SkipDestinationValidation=True,
                **owner,
            )

    return BucketConfiguration("notification configuration", bucket, read, replace)


def sends_events(configuration: Configuration) -> bool:
    """Whether the bucket tells EventBridge of its objects."""
    return _EVENT_BRIDGE in configuration


def with_events(configuration: Configuration) -> Configuration:
    """The same, and EventBridge told as well."""
    return {**configuration, _EVENT_BRIDGE: {}}


def _as_put(value: Any) -> Any:
    """Filters as S3 takes them: it tells `Prefix` of what is put as `prefix`."""
    if isinstance(value, list):
        return [_as_put(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"Name", "Value"}:
            return {**value, "Name": value["Name"].lower()}
        return {name: _as_put(each) for name, each in value.items()}
    return value
