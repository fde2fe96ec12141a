"""Owns what can be set for a function behind its queue, and for how the copier cuts large objects into parts."""

from dataclasses import dataclass

from infra import naming
from infra.reading import Section

_MEBIBYTE = 1024**2
# SQS hands out up to this many messages at once.
_BATCH_WITHOUT_WINDOW = 10
# "Amazon S3 multipart upload limits", S3 user guide.
_SMALLEST_MIB, _LARGEST_MIB = 5, 5120
_BECAUSE = "S3 takes parts of 5 MiB to 5 GiB, and copies up to 5 GiB in one request"


@dataclass(frozen=True)
class FunctionSettings:
    """A function behind its queue. A name that is None is CloudFormation's to choose."""

    memory_mb: int
    timeout_s: int
    batch_size: int
    batching_window_s: int
    max_concurrency: int
    max_receive_count: int
    name: str | None = None
    role_name: str | None = None


@dataclass(frozen=True)
class PartSettings:
    """From which size on an object is copied in parts, and how large a part is at least; both in bytes."""

    threshold: int = 256 * _MEBIBYTE
    part: int = 64 * _MEBIBYTE


def read_function(section: Section, default: FunctionSettings) -> FunctionSettings:
    """The settings of a function; what is absent or wrong is as in `default`.

    Source of each limit: "CreateFunction", "CreateEventSourceMapping" in the Lambda API reference, or the comment.
    """
    # What a function cannot begin in time, it hands back message by message, within its last 10 seconds.
    batch_size = section.integer("batchSize", minimum=1, maximum=100) or default.batch_size
    window_s = section.integer("batchingWindowSeconds", minimum=0, maximum=300) or 0
    if batch_size > _BATCH_WITHOUT_WINDOW and window_s == 0:
        section.note("batchSize", f"is {batch_size}: more than 10 needs a batchingWindowSeconds of at least 1")
    return FunctionSettings(
        name=section.text("functionName", naming.FUNCTION_NAME),
        role_name=section.text("roleName", naming.ROLE_NAME),
        memory_mb=section.integer("memoryMb", minimum=128, maximum=10_240) or default.memory_mb,
        # A function begins no message in its last 10 seconds: a shorter one would have little time to begin any.
        timeout_s=section.integer("timeoutSeconds", minimum=60, maximum=900) or default.timeout_s,
        batch_size=batch_size,
        batching_window_s=window_s,
        max_concurrency=section.integer("maxConcurrency", minimum=2, maximum=1000) or default.max_concurrency,
        # Throttled invocations count as receives: with fewer than 5, healthy messages are dead-lettered.
        max_receive_count=section.integer("maxReceiveCount", minimum=5, maximum=1000) or default.max_receive_count,
    )


def read_parts(section: Section) -> PartSettings:
    """How the copier cuts large objects into parts."""
    default = PartSettings()
    threshold = _mebibytes(section, "multipartThresholdMiB")
    part = _mebibytes(section, "partSizeMiB")
    return PartSettings(threshold=threshold or default.threshold, part=part or default.part)


def _mebibytes(section: Section, key: str) -> int:
    return (section.integer(key, minimum=_SMALLEST_MIB, maximum=_LARGEST_MIB, because=_BECAUSE) or 0) * _MEBIBYTE
