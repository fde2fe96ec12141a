"""Owns roles as templates describe them."""

import json
from typing import Any, ClassVar

from moto.iam.models import Role as MotoRole

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
