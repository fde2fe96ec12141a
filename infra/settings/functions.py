"""Settings of the two functions and of what feeds them."""

from typing import Annotated

from pydantic import Field

from infra import naming
from infra.settings.section import Section, between
from shared.copy_plan import MEBIBYTE, PartSizes, largest_part

# What a dead-letter queue keeps a message ("Amazon SQS message quotas": no more is possible).
DEAD_LETTER_DAYS = 14
_MemoryMb = Annotated[int, between(128, 10_240)]
# In its last seconds (`shared.lambda_runtime.batch.INVOCATION_RESERVE_S`) a function begins no message, and
# hands back those that it has not begun, one by one: of less time little would be left, and larger batches take longer.
_TimeoutSeconds = Annotated[int, between(60, 900)]
_BatchSize = Annotated[int, between(1, 100)]
_MaxConcurrency = Annotated[int, between(2, 1000)]
# "Amazon S3 multipart upload limits", S3 user guide.
_PartMebibytes = Annotated[
    int, between(5, 5120, ", as S3 takes parts of 5 MiB to 5 GiB, and copies up to 5 GiB in one request")
]


class PollerSettings(Section):
    """Pollers that are kept ready for the queue, at a price ("provisioned mode"); without a maximum there are none.

    Limits: "ProvisionedPollerConfig" of AWS::Lambda::EventSourceMapping, and for SQS at least 2.
    """

    minimum: Annotated[int, between(2, 200)] = 2
    maximum: Annotated[int, between(2, 2000)] | None = None


class FunctionSettings(Section):
    """A function behind its queue. A name that is None is CloudFormation's to choose.

    Source of each limit: "CreateFunction", "CreateEventSourceMapping" in the Lambda API reference, or the comment.
    """

    function_name: naming.FunctionName | None = None
    role_name: naming.RoleName | None = None
    memory_mb: _MemoryMb
    timeout_seconds: _TimeoutSeconds
    batch_size: _BatchSize = 10
    batching_window_seconds: Annotated[int, between(0, 300)] = 0
    max_concurrency: _MaxConcurrency
    # Taken out of the account's concurrency, of which Lambda keeps 100 back: not ours to take unasked.
    reserved_concurrency: Annotated[int, between(2, 100_000)] | None = None
    pollers: PollerSettings = PollerSettings()
    # Throttled invocations count as receives: with fewer than 5, healthy messages are dead-lettered. 5 receives, each 6
    # time-outs long, are an hour with the time-outs below.
    max_receive_count: Annotated[int, between(5, 1000)] = 5


class CopierSettings(FunctionSettings):
    """The copier, and how it cuts large objects. 1,769 MB are one vCPU ("Configure Lambda function memory")."""

    memory_mb: _MemoryMb = 512
    timeout_seconds: _TimeoutSeconds = 120
    max_concurrency: _MaxConcurrency = 50
    multipart_threshold_mib: _PartMebibytes = Field(default=256, validation_alias="multipartThresholdMiB")
    part_size_mib: _PartMebibytes = Field(default=256, validation_alias="partSizeMiB")

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
