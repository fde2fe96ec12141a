"""Roles, managed policies and tables as templates describe them."""

import json
from typing import Any, ClassVar

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table as MotoTable
from moto.iam.models import ManagedPolicy as MotoManagedPolicy
from moto.iam.models import Role as MotoRole
from moto.iam.models import iam_backends

from localaws.models.base import Place, Properties, Refined


class Role(Refined):
    """AWS::IAM::Role with its inline policies as text, as the API keeps them; moto's template way keeps objects.

    `ManagedPolicyArns` is not applied: the embedded AWS lets everyone do everything, and no role of copytrail has any.
    """

    base: ClassVar[Any] = MotoRole

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:  # noqa: ARG003  # IAM has no region
        """Keep inline policies as JSON text."""
        for policy in properties.get("Policies", []):
            resource.policies[policy["PolicyName"]] = json.dumps(policy["PolicyDocument"])


class ManagedPolicy(Refined):
    """AWS::IAM::ManagedPolicy; moto creates it whole, but neither changes nor deletes it."""

    base: ClassVar[Any] = MotoManagedPolicy

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:
        """Leave it as moto makes it."""

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: Place) -> Any:  # noqa: ARG003  # has its name
        """Make the new document the policy's default version. IAM keeps five at most: older ones make room."""
        backend = iam_backends[place.account_id][place.partition]
        for version in [version for version in original.versions if not version.is_default]:
            backend.delete_policy_version(original.arn, version.version_id)
        backend.create_policy_version(original.arn, json.dumps(properties["PolicyDocument"]), set_as_default=True)
        return original

    @classmethod
    def remove(cls, name: str, properties: Properties, place: Place) -> None:  # noqa: ARG003  # its ARN is its name
        """Delete the policy."""
        iam_backends[place.account_id][place.partition].delete_policy(name)


class Table(Refined):
    """AWS::DynamoDB::Table with what moto leaves out: point-in-time recovery."""

    base: ClassVar[Any] = MotoTable

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:
        """Apply point-in-time recovery through the call that the API makes."""
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            dynamodb_backends[place.account_id][place.region].update_continuous_backups(resource.name, recovery)
