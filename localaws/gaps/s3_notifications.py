"""Notifications of a bucket as S3 tells them: EventBridge among them, and filters by the names that S3 gives them.

moto keeps that a bucket sends to EventBridge, and does not tell.

Source: "GetBucketNotificationConfiguration", S3 API reference.
"""

from collections.abc import Callable, Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.s3.responses import S3Response

from localaws.gaps.patching import Patch, around


def patches() -> Iterator[Patch]:
    """Answer GetBucketNotificationConfiguration with all that PutBucketNotificationConfiguration took."""
    yield around(S3Response, "get_bucket_notification", _telling_of_all)


def _telling_of_all(_original: Callable[..., Any], self: S3Response) -> Any:
    stored = self.backend.get_bucket_notification_configuration(self.bucket_name)
    told: dict[str, Any] = {}
    if stored:
        for name, arn, notifications in (
            ("TopicConfigurations", "TopicArn", stored.topic),
            ("QueueConfigurations", "QueueArn", stored.queue),
            ("LambdaFunctionConfigurations", "LambdaFunctionArn", stored.cloud_function),
        ):
            if notifications:
                told[name] = [_notification(each, arn) for each in notifications]
        if stored.event_bridge is not None:
            told["EventBridgeConfiguration"] = {}
    self.data["Action"] = "GetBucketNotificationConfiguration"
    return self.serialized(ActionResult(told))


def _notification(stored: Any, arn: str) -> dict[str, Any]:
    told = {"Id": stored.id, arn: stored.arn, "Events": stored.events}
    if stored.filters:
        # What is put as `prefix` comes back as `Prefix`.
        rules = [{**rule, "Name": rule["Name"].capitalize()} for rule in stored.filters["S3Key"]["FilterRule"]]
        told["Filter"] = {"Key": {"FilterRules": rules}}
    return told
