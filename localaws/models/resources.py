"""Buckets, buses, queues, roles, policies and tables as templates describe them, with what moto's lack."""

import json
import re
from typing import Any, ClassVar

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table as MotoTable
from moto.events.models import EventBus as MotoEventBus
from moto.events.models import EventBusPolicyStatement, events_backends
from moto.events.models import Rule as MotoRule
from moto.iam.models import ManagedPolicy as MotoManagedPolicy
from moto.iam.models import Role as MotoRole
from moto.iam.models import iam_backends
from moto.kms.models import Key as MotoKey
from moto.s3.models import FakeBucket, s3_backends
from moto.sqs.models import Queue as MotoQueue
from moto.sqs.models import sqs_backends

from localaws.models.base import AccountAndRegion, Model, Properties, Refined

_BOOTSTRAP_BUCKET = re.compile(r"cdk-[a-z0-9]+-assets-[0-9]{12}-[a-z0-9-]+")


class Bucket(Refined):
    """AWS::S3::Bucket with what moto leaves out: versioning, public access, ownership, lifecycle, EventBridge.

    `LoggingConfiguration` is not applied: the embedded AWS writes no access logs.
    """

    base: ClassVar[Any] = FakeBucket

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Let moto create the bucket, then refine it; `cdk bootstrap` takes over the one that `deployment` made."""
        there = s3_backends[place.account_id][place.partition].buckets.get(properties.get("BucketName", ""))
        if there is None or not _BOOTSTRAP_BUCKET.fullmatch(there.name):
            return super().make(name, properties, place)
        cls.refine(there, properties, place)
        return there

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
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
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> "BucketPolicy":
        """Put the policy on its bucket."""
        document = json.dumps(properties["PolicyDocument"]).encode()
        s3_backends[place.account_id][place.partition].put_bucket_policy(properties["Bucket"], document)
        return cls(properties["Bucket"])

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
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
    elif rule.get("ExpiredObjectDeleteMarker"):
        api["Expiration"] = {"ExpiredObjectDeleteMarker": "true"}
    if noncurrent := rule.get("NoncurrentVersionExpiration"):
        api["NoncurrentVersionExpiration"] = {"NoncurrentDays": str(noncurrent["NoncurrentDays"])}
    return api


class EventBus(Refined):
    """AWS::Events::EventBus with a `Ref`: moto's has none, which breaks every rule that refers to its bus."""

    base: ClassVar[Any] = MotoEventBus

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
        """Give the bus its `Ref`, description and dead-letter queue."""
        resource.physical_resource_id = resource.name
        resource.description = properties.get("Description")
        resource.dead_letter_config = properties.get("DeadLetterConfig")


class Rule(Refined):
    """AWS::Events::Rule that an update changes as PutRule does; moto deletes it first, and events come between."""

    base: ClassVar[Any] = MotoRule

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Put the rule."""
        return super().make(properties.get("Name", name), properties, place)

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Put the rule again under its name."""
        return cls.make(original.name, properties, place)


class EventBusPolicy(Model):
    """AWS::Events::EventBusPolicy: a statement of the policy of a bus, under its id."""

    def __init__(self, statement_id: str) -> None:
        self.physical_resource_id = statement_id

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> "EventBusPolicy":
        """Put the statement into the policy, in place of one with its id."""
        statement = {"Sid": properties["StatementId"], **properties["Statement"]}
        # moto's own way takes out what others have there for the same account.
        statements = cls._bus(properties, place)._statements  # noqa: SLF001
        statements[statement["Sid"]] = EventBusPolicyStatement.from_dict(statement)
        return cls(statement["Sid"])

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
        """Take the statement out."""
        cls._bus(properties, place).remove_statement(properties["StatementId"])

    @staticmethod
    def _bus(properties: Properties, place: AccountAndRegion) -> Any:
        return events_backends[place.account_id][place.region].event_buses[properties.get("EventBusName", "default")]


class Queue(Refined):
    """AWS::SQS::Queue; moto creates it whole, but on an update changes two of its attributes only."""

    base: ClassVar[Any] = MotoQueue

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
        """Set the attributes as SetQueueAttributes does."""
        attributes = {name: value for name, value in properties.items() if name not in {"QueueName", "Tags"}}
        sqs_backends[place.account_id][place.region].set_queue_attributes(resource.name, attributes)


class QueuePolicy(Model):
    """AWS::SQS::QueuePolicy. The embedded AWS keeps policies to be read; it does not enforce them."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> "QueuePolicy":
        """Put the policy on each of its queues."""
        backend = sqs_backends[place.account_id][place.region]
        for url in properties["Queues"]:
            backend.set_queue_attributes(_queue_name(url), {"Policy": json.dumps(properties["PolicyDocument"])})
        return cls(name)

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
        """Leave the queues without a policy; a queue that is gone already needs none."""
        queues = sqs_backends[place.account_id][place.region].queues
        for url in properties.get("Queues", []):
            if queue := queues.get(_queue_name(url)):
                queue.policy = None


def _queue_name(url: Any) -> str:
    return str(url).rsplit("/", 1)[-1]


class Role(Refined):
    """AWS::IAM::Role with its inline policies as text, as the API keeps them; moto's template way keeps objects.

    `ManagedPolicyArns` is not applied: the embedded AWS lets everyone do everything. Only AWS Backup's role has any.
    """

    base: ClassVar[Any] = MotoRole

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
        """Keep inline policies as JSON text."""
        for policy in properties.get("Policies", []):
            resource.policies[policy["PolicyName"]] = json.dumps(policy["PolicyDocument"])


class ManagedPolicy(Refined):
    """AWS::IAM::ManagedPolicy; moto creates it whole, but neither changes nor deletes it."""

    base: ClassVar[Any] = MotoManagedPolicy

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Make the new document the policy's default version. IAM keeps five at most: older ones make room."""
        backend = iam_backends[place.account_id][place.partition]
        for version in [version for version in original.versions if not version.is_default]:
            backend.delete_policy_version(original.arn, version.version_id)
        backend.create_policy_version(original.arn, json.dumps(properties["PolicyDocument"]), set_as_default=True)
        return original

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
        """Delete the policy."""
        iam_backends[place.account_id][place.partition].delete_policy(name)


class Key(Refined):
    """AWS::KMS::Key; moto takes the API's spelling of tags and policy, where templates have their own."""

    base: ClassVar[Any] = MotoKey

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Let moto create the key."""
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])]
        api = {**properties, "Tags": tags, "KeyPolicy": json.dumps(properties["KeyPolicy"])}
        return super().make(name, api, place)


class Table(Refined):
    """AWS::DynamoDB::Table with what moto leaves out: point-in-time recovery, and its policy, to be read."""

    base: ClassVar[Any] = MotoTable

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
        """Apply both through the calls that the API makes."""
        backend = dynamodb_backends[place.account_id][place.region]
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            backend.update_continuous_backups(resource.name, recovery)
        if policy := properties.get("ResourcePolicy"):
            backend.put_resource_policy(resource.table_arn, json.dumps(policy["PolicyDocument"]), None)
