"""The settings in cdk.json: models with every default, and the values that each setting may have by itself.

What must hold between several of them is in `infra.cross_checks`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticUseDefault

from infra import naming
from infra.event_patterns import LARGEST_FILTER_SIZE
from shared.copy_plan import MEBIBYTE, PartSizes, largest_part
from shared.routes import Route


def _between(minimum: int, maximum: int, because: str = "") -> AfterValidator:
    def check(value: int) -> int:
        if not minimum <= value <= maximum:
            raise ValueError(f"is {value:,}: it must be from {minimum:,} to {maximum:,}{because}")
        return value

    return AfterValidator(check)


def _one_of(*choices: str | int) -> BeforeValidator:
    # A Literal would not do: Literal[1] takes true.
    def check(value: Any) -> Any:
        if value not in choices:
            raise ValueError(f"is {value!r}: it must be one of {', '.join(map(str, choices))}")
        return value

    return BeforeValidator(check)


class Section(BaseModel):
    """An object in cdk.json. Its keys are its fields in camel case; a null is as good as nothing."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", alias_generator=to_camel)

    @field_validator("*", mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if value is None:
            raise PydanticUseDefault
        return value


class Bucket(Section):
    """A bucket to create, or (`existing`) to use as it is. A name that is None is CloudFormation's to choose.

    A new bucket encrypts with the KMS key, if there is one; of an existing one it says with which key it does.
    """

    name: naming.BucketName | None = None
    existing: bool = False
    account: naming.AccountId | None = None
    public_read: bool = False
    versioned: bool = False
    kms_key_arn: naming.KmsKeyArn | None = None


_Bytes = Annotated[int, _between(0, LARGEST_FILTER_SIZE)]
# Of a general purpose bucket ("CopyObject", S3 API reference).
_StorageClass = Annotated[
    str,
    _one_of(
        *("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"),
        "REDUCED_REDUNDANCY",
    ),
]


class RouteSettings(Section):
    """A route between two of `buckets`, named by their aliases. Its fields are those of `shared.routes.Route`."""

    source_bucket: naming.Text = Field(default="", validation_alias="from")
    destination_bucket: naming.Text = Field(default="", validation_alias="to")
    prefixes: naming.PartsOfKeys = ()
    suffixes: naming.PartsOfKeys = ()
    min_size: _Bytes | None = None
    max_size: _Bytes | None = None
    destination_prefix: naming.DestinationPrefix = ""
    deletes: bool = False
    versions: Annotated[Literal["newest", "every"], _one_of("newest", "every")] = "newest"
    storage_class: _StorageClass | None = None
    website_redirects: bool = False


_MemoryMb = Annotated[int, _between(128, 10_240)]
# In its last seconds (`shared.lambda_runtime.batch.INVOCATION_RESERVE_S`) a function begins no message, and
# hands back those that it has not begun, one by one: of less time little would be left, and larger batches take longer.
_TimeoutSeconds = Annotated[int, _between(60, 900)]
_BatchSize = Annotated[int, _between(1, 100)]
_MaxConcurrency = Annotated[int, _between(2, 1000)]
# "Amazon S3 multipart upload limits", S3 user guide.
_PartMebibytes = Annotated[
    int, _between(5, 5120, ", as S3 takes parts of 5 MiB to 5 GiB, and copies up to 5 GiB in one request")
]


class FunctionSettings(Section):
    """A function behind its queue. A name that is None is CloudFormation's to choose.

    Source of each limit: "CreateFunction", "CreateEventSourceMapping" in the Lambda API reference, or the comment.
    """

    function_name: naming.FunctionName | None = None
    role_name: naming.RoleName | None = None
    memory_mb: _MemoryMb
    timeout_seconds: _TimeoutSeconds
    batch_size: _BatchSize = 10
    batching_window_seconds: Annotated[int, _between(0, 300)] = 0
    max_concurrency: _MaxConcurrency
    # Throttled invocations count as receives: with fewer than 5, healthy messages are dead-lettered. 5 receives, each 6
    # time-outs long, are an hour with the time-outs below.
    max_receive_count: Annotated[int, _between(5, 1000)] = 5


class CopierSettings(FunctionSettings):
    """The copier, and how it cuts large objects. 1,769 MB are one vCPU ("Configure Lambda function memory")."""

    memory_mb: _MemoryMb = 1769
    timeout_seconds: _TimeoutSeconds = 120
    max_concurrency: _MaxConcurrency = 50
    multipart_threshold_mib: _PartMebibytes = Field(default=256, validation_alias="multipartThresholdMiB")
    part_size_mib: _PartMebibytes = Field(default=64, validation_alias="partSizeMiB")

    @property
    def part_sizes(self) -> PartSizes:
        """The same in bytes, and how large a part may be for the time-out."""
        threshold, part = self.multipart_threshold_mib * MEBIBYTE, self.part_size_mib * MEBIBYTE
        return PartSizes(threshold, part, largest_part(self.timeout_seconds))


class AuditorSettings(FunctionSettings):
    """The auditor."""

    memory_mb: _MemoryMb = 512
    timeout_seconds: _TimeoutSeconds = 60
    max_concurrency: _MaxConcurrency = 10


class TableSettings(Section):
    """The audit table."""

    name: naming.TableName | None = None


class BusSettings(Section):
    """The transfer bus."""

    name: naming.BusName | None = None


class AlarmSettings(Section):
    """Whom alarms tell, and when. Those of CloudWatch look at whole minutes here, and at most at a day."""

    topic_arn: naming.TopicArn | None = None
    oldest_message_seconds: Annotated[int, _between(60, 86_400)] = 900


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
    transfer_bus: BusSettings = BusSettings()
    log_level: Annotated[str, _one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")] = "INFO"
    log_retention_days: Annotated[int, _one_of(*_RETENTION_DAYS)] = 90
    alarms: AlarmSettings = AlarmSettings()

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
        """The name of the transfer bus, which is known before the bus is made."""
        return self.transfer_bus.name or f"{self.stack_name}-transfers"
