"""Base classes of our resource models, fitted into moto's CloudFormation."""

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

from moto.core.common_models import CloudFormationModel

Properties = dict[str, Any]


@dataclass(frozen=True)
class AccountAndRegion:
    """The account and region that a resource is made in."""

    account_id: str
    region: str

    @property
    def partition(self) -> str:
        """The AWS partition; the embedded AWS has one."""
        return "aws"


class Model(CloudFormationModel):
    """A resource of ours: subclasses make, change and delete it from its properties, all references resolved."""

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Create the resource; what comes back has a `physical_resource_id`."""
        raise NotImplementedError

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Update the resource, by making it anew under its name; what comes back takes the original's place."""
        return cls.make(original.physical_resource_id, properties, place)

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
        """Delete the resource."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """Moto's own models say which property names a resource."""
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        """Unused: `localaws.models.resource_types` puts models into moto's table by type."""
        return "Copytrail::Model"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether `Fn::GetAtt` knows the attribute in an output."""
        return True

    def is_created(self) -> bool:
        """Whether the resource is there: at once."""
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **_: Any
    ) -> Any:
        """Moto's way in for a new resource."""
        return cls.make(resource_name, _properties(cloudformation_json), AccountAndRegion(account_id, region_name))

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Any:
        """Moto's way in for a changed resource."""
        properties = _properties(cloudformation_json)
        return cls.change(original_resource, new_resource_name, properties, AccountAndRegion(account_id, region_name))

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        """Moto's way in for a deleted resource."""
        cls.remove(resource_name, _properties(cloudformation_json), AccountAndRegion(account_id, region_name))


class Refined(Model):
    """A resource that moto makes, with what moto's CloudFormation leaves out applied afterwards."""

    base: ClassVar[Any]

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: AccountAndRegion) -> None:
        """Apply to moto's resource what its CloudFormation model ignores."""

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Let moto create the resource, then refine it."""
        resource = cls.base.create_from_cloudformation_json(
            name, {"Properties": copy.deepcopy(properties)}, place.account_id, place.region
        )
        cls.refine(resource, properties, place)
        return resource

    @classmethod
    def change(cls, original: Any, name: str, properties: Properties, place: AccountAndRegion) -> Any:
        """Let moto update the resource where it can, then refine it."""
        resource = original
        if not hasattr(cls.base.update_from_cloudformation_json, "__isabstractmethod__"):
            named = {cls.base.cloudformation_name_type(): original.physical_resource_id} | copy.deepcopy(properties)
            resource = cls.base.update_from_cloudformation_json(
                original, name, {"Properties": named}, place.account_id, place.region
            )
        cls.refine(resource, properties, place)
        return resource

    @classmethod
    def remove(cls, name: str, properties: Properties, place: AccountAndRegion) -> None:
        """Let moto delete the resource."""
        cls.base.delete_from_cloudformation_json(name, {"Properties": properties}, place.account_id, place.region)

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether moto's resource has the attribute."""
        return bool(cls.base.has_cfn_attr(attr))


class Inert(Model):
    """A resource that can be referred to and does nothing; `localaws.models.resource_types` says why that is right."""

    def __init__(self, name: str, place: AccountAndRegion) -> None:
        self.name = name
        self._place = place

    @property
    def physical_resource_id(self) -> str:
        """What `Ref` gives."""
        return self.name

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """What `Fn::GetAtt` gives: a name that is unique and plainly of nothing real."""
        return f"inert:{self._place.region}:{self._place.account_id}:{self.name}:{attribute_name}"

    @classmethod
    def make(cls, name: str, properties: Properties, place: AccountAndRegion) -> "Inert":
        """Remember the name."""
        return cls(name, place)


def _properties(cloudformation_json: Any) -> Properties:
    properties: Properties = cloudformation_json.get("Properties", {})
    return properties
