"""Owns tables as templates describe them."""

from typing import Any, ClassVar

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table as MotoTable

from localaws.models.base import Place, Properties, Refined


class Table(Refined):
    """AWS::DynamoDB::Table with what moto leaves out: point-in-time recovery."""

    base: ClassVar[Any] = MotoTable

    @classmethod
    def refine(cls, resource: Any, properties: Properties, place: Place) -> None:
        """Apply point-in-time recovery through the call that the API makes."""
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            dynamodb_backends[place.account_id][place.region].update_continuous_backups(resource.name, recovery)
