"""Buckets and bucket policies as templates describe them."""

import json
import re
from typing import Any, ClassVar

from moto.s3.models import FakeBucket, s3_backends

from localaws.models.base import Model, Place, Properties, Refined

_BOOTSTRAP_BUCKET = re.compile(r"cdk-[a-z0-9]+-assets-[0-9]{12}-[a-z0-9-]+")


class Bucket(Refined):
    """AWS::S3::Bucket with what moto leaves out: versioning, public access, ownership, lifecycle, EventBridge."""

    base: ClassVar[Any] = FakeBucket

    @classmethod
    def make(cls, name: str, properties: Properties, place: Place) -> Any:
        """Let moto create the bucket, then refine it; `cdk bootstrap` takes over the one that `deployment` made."""
        there = s3_backends[place.account_id][place.partition].buckets.get(properties.get("BucketName", ""))
        if there is None or not _BOOTSTRAP_BUCKET.fullmatch(there.name):
            return super().make(name, properties, place)
        cls.refine(there, properties, place)
        return there

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:
        """Apply the configuration through the calls that S3's API makes."""
        backend = s3_backends[place.account_id][place.partition]
        name = resource.name
        if versioning := properties.get("VersioningConfiguration"):
            backend.put_bucket_versioning(name, versioning["Status"])
        if block := properties.get("PublicAccessBlockConfiguration"):
            backend.put_public_access_block(name, {key: str(value).lower() for key, value in block.items()})
        if ownership := properties.get("OwnershipControls"):
            backend.put_bucket_ownership_controls(name, ownership["Rules"][0]["ObjectOwnership"])
        if lifecycle := properties.get("LifecycleConfiguration"):
            backend.put_bucket_lifecycle_configuration(name, [_lifecycle_rule(rule) for rule in lifecycle["Rules"]])
        if _wants_event_bridge(properties):
            backend.put_bucket_notification_configuration(name, {"EventBridgeConfiguration": {}})


class BucketPolicy(Model):
    """AWS::S3::BucketPolicy. Statements without a condition hold, so public read is public; see `permission`."""

    def __init__(self, bucket: str) -> None:
        self.physical_resource_id = bucket

    @classmethod
    def make(cls, name: str, properties: Properties, place: Place) -> "BucketPolicy":  # noqa: ARG003  # has no name
        """Put the policy on its bucket."""
        document = json.dumps(properties["PolicyDocument"]).encode()
        s3_backends[place.account_id][place.partition].put_bucket_policy(properties["Bucket"], document)
        return cls(properties["Bucket"])

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: Place) -> "BucketPolicy":  # noqa: ARG003
        """Put the new policy in the old one's place."""
        return cls.make(name, properties, place)

    @classmethod
    def remove(cls, name: str, properties: Properties, place: Place) -> None:  # noqa: ARG003  # the bucket is its name
        """Take the policy off."""
        s3_backends[place.account_id][place.partition].delete_bucket_policy(name)


def _wants_event_bridge(properties: Properties) -> bool:
    configuration = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration")
    # CloudFormation's default for EventBridgeEnabled is true.
    return configuration is not None and str(configuration.get("EventBridgeEnabled", True)).lower() == "true"


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling of a rule in the API's, for the parts that the templates here use."""
    api: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        api["ID"] = rule["Id"]
    if abort := rule.get("AbortIncompleteMultipartUpload"):
        api["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": str(abort["DaysAfterInitiation"])}
    if "ExpirationInDays" in rule:
        api["Expiration"] = {"Days": str(rule["ExpirationInDays"])}
    if noncurrent := rule.get("NoncurrentVersionExpiration"):
        api["NoncurrentVersionExpiration"] = {"NoncurrentDays": str(noncurrent["NoncurrentDays"])}
    return api
