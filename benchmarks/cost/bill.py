"""The bill of a million uploads: what was counted, times the prices, and how long the functions run."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.cold_start import ENVIRONMENT
from benchmarks.cost.counted import Counts
from ops.backfill.prices import PRICES
from services.copier.wiring import PART_THREADS, Settings

MIB = 1024**2
GIB = 1024**3
MILLION = 1_000_000
# "Configure Lambda function memory", Lambda developer guide: one vCPU for every 1,769 MB.
MEGABYTES_PER_VCPU = 1769

# What AWS takes to answer, in seconds: assumed, as nobody has measured it here.
ANSWERS_S = {"CopyObject": 0.1, "PutEvents": 0.02, "PutItem": 0.01, "UploadPartCopy": 0.05}
OTHER_ANSWERS_S = 0.03
# `shared.copy_plan`: a stream moves 60 to 75 MiB a second.
BYTES_PER_SECOND = 64 * MIB
# CPU of a message in seconds: twice what `python -m benchmarks messages` measured, for TLS and for slower cores.
CPU_S = {"copier": {1: 0.003, 10: 0.0017}, "auditor": {1: 0.0013, 10: 0.0011}}
# boto3's work for one call ("How the system works", docs/decisions.md).
CPU_OF_A_CALL_S = 0.0025
# Both functions' lines about one transfer (`ops.backfill.cost`).
LOG_BYTES = 2 * 1024
# The table and its two indexes.
WRITTEN_PLACES = 3
# EventBridge's into a queue, Lambda's out of it and away; both queues.
QUEUES = 2


@dataclass(frozen=True)
class Setup:
    """The functions' memory, and the messages of a batch: 1 where uploads are sparse, 10 where they are busy."""

    memory_mb: int
    batch: int
    auditor_memory_mb: int = 512

    @property
    def threads(self) -> int:
        """How many objects the copier copies at once."""
        return Settings.read({**ENVIRONMENT, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb)}).threads


@dataclass(frozen=True)
class Line:
    """A part of a bill, in US dollars for a million uploads."""

    service: str
    usd: float


def lines(counts: Counts, size: int, setup: Setup) -> Iterator[Line]:
    """The bill of a million uploads of so many bytes, without storage and without transfer to another region."""
    s3 = counts.s3_writes * PRICES["s3 write STANDARD"] + counts.s3_reads * PRICES["s3 read"]
    yield Line("S3", MILLION * s3)
    yield Line("EventBridge", MILLION * (1 + counts.events) * PRICES["event"])
    requests = QUEUES * (1 + 2 / setup.batch)
    yield Line("SQS", MILLION * requests * PRICES["sqs request"])
    invocations = QUEUES / setup.batch
    running = copier_gb_seconds(counts, size, setup) + auditor_gb_seconds(counts, setup)
    yield Line("Lambda", MILLION * (invocations * PRICES["lambda request"] + running * PRICES["lambda arm"]))
    yield Line("DynamoDB", MILLION * WRITTEN_PLACES * counts.write_units * PRICES["dynamodb write"])
    yield Line("Logs", MILLION * LOG_BYTES / GIB * PRICES["log ingestion"])


def total(counts: Counts, size: int, setup: Setup) -> float:
    """All lines together."""
    return sum(line.usd for line in lines(counts, size, setup))


def copier_gb_seconds(counts: Counts, size: int, setup: Setup) -> float:
    """What the copier takes for one upload; one in parts has an invocation for itself."""
    share = setup.memory_mb / MEGABYTES_PER_VCPU
    in_parts = counts.calls.get("UploadPartCopy", 0)
    if in_parts:
        turns = -(-in_parts // PART_THREADS)
        waiting = turns * (ANSWERS_S["UploadPartCopy"] + size / in_parts / BYTES_PER_SECOND)
        others = {name: count for name, count in counts.calls.items() if name not in {"UploadPartCopy", "PutItem"}}
        waiting += sum(count * ANSWERS_S.get(name, OTHER_ANSWERS_S) for name, count in others.items())
        working = sum(counts.calls.values()) * CPU_OF_A_CALL_S / share
        return setup.memory_mb / 1024 * (waiting + working)
    return setup.memory_mb / 1024 * seconds_of_a_batch(counts, size, setup) / setup.batch


def seconds_of_a_batch(counts: Counts, size: int, setup: Setup) -> float:
    """How long an invocation takes for a batch of uploads that are copied in one request each."""
    share = setup.memory_mb / MEGABYTES_PER_VCPU
    s3_calls = {name: count for name, count in counts.calls.items() if name not in {"PutEvents", "PutItem"}}
    answers = sum(count * ANSWERS_S.get(name, OTHER_ANSWERS_S) for name, count in s3_calls.items())
    turns = -(-setup.batch // setup.threads)
    more_calls = sum(s3_calls.values()) - 1
    working = setup.batch * (CPU_S["copier"][setup.batch] + more_calls * CPU_OF_A_CALL_S) / share
    return turns * (answers + size / BYTES_PER_SECOND) + ANSWERS_S["PutEvents"] + working


def auditor_gb_seconds(counts: Counts, setup: Setup) -> float:
    """What the auditor takes for one record."""
    share = setup.auditor_memory_mb / MEGABYTES_PER_VCPU
    seconds = ANSWERS_S["PutItem"] + setup.batch * CPU_S["auditor"][setup.batch] / share
    return counts.events * setup.auditor_memory_mb / 1024 * seconds / setup.batch
