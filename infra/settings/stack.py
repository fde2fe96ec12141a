"""All that can be set for a stack."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, field_validator

from infra import naming
from infra.settings.buckets import AccessLogSettings, Bucket, RouteSettings
from infra.settings.functions import AuditorSettings, CopierSettings
from infra.settings.monitoring import AlarmSettings
from infra.settings.section import Section, between, one_of
from shared.routes import Route


class TableSettings(Section):
    """The audit table, who besides the auditor may write to it in an emergency, and how long a backup is kept."""

    name: naming.TableName | None = None
    break_glass_role_arn: naming.RoleArn | None = None
    # The longest that a vault can be told to keep one ("PutBackupVaultLockConfiguration", AWS Backup API reference).
    backup_days: Annotated[int, between(1, 36_500)] | None = None


# What CloudWatch Logs takes ("PutRetentionPolicy", CloudWatch Logs API reference).
_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


class Settings(Section):
    """All that can be set. An alias is a key of `buckets`; routes run between aliases."""

    stack_name: naming.StackName = "copytrail"
    buckets: Mapping[str, Bucket] = {"source": Bucket(), "destination": Bucket()}
    route_settings: tuple[RouteSettings, ...] = Field(default=(), validation_alias="routes", strict=False)
    copier: CopierSettings = CopierSettings()
    auditor: AuditorSettings = AuditorSettings()
    audit_table: TableSettings = TableSettings()
    log_level: Annotated[str, one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")] = "INFO"
    log_retention_days: Annotated[int, one_of(*_RETENTION_DAYS)] = 90
    alarms: AlarmSettings = AlarmSettings()
    access_logs: AccessLogSettings = AccessLogSettings()
    customer_key: bool = False
    tags: naming.Tags = Field(default_factory=dict)
    termination_protection: bool = True
    dashboard: bool = True
    tracing: bool = False

    @field_validator("route_settings")
    @classmethod
    def _are_some(cls, routes: tuple[RouteSettings, ...]) -> tuple[RouteSettings, ...]:
        if not routes:
            raise ValueError("is empty: nothing would ever be copied")
        return routes

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes, in order; where none are set, one from `source` to `destination`."""
        if not self.route_settings:
            return (Route(source_bucket="source", destination_bucket="destination"),)
        return tuple(Route(**dict(route)) for route in self.route_settings)

    @property
    def transfer_bus_name(self) -> str:
        """The name of the transfer bus, which is known before the bus is made.

        It is no setting: a renamed bus is another one, and PutEvents to the old one succeeds and reaches nobody.
        """
        return f"{self.stack_name}-transfers"
