"""The copier put together: environment and clients → worker. The only place where clients are made."""

import os
import random
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

from services.copier.adapters.placement_table import DynamoDbPlacementLedger
from services.copier.adapters.s3 import S3ObjectStore
from services.copier.adapters.s3_multipart import S3MultipartStore
from services.copier.adapters.s3_parameters import BucketOwners
from services.copier.conditional_copy import ConditionalCopy
from services.copier.deletions import Deletions
from services.copier.every_version import EveryVersion
from services.copier.multipart import MultipartCopy
from services.copier.newest_only import NewestOnly
from services.copier.telemetry import CloudWatchTelemetry
from services.copier.worker import CopyWorker, Performed
from shared import times
from shared.copy_plan import LARGEST_PART, LARGEST_SINGLE_COPY, SMALLEST_PART, PartSizes
from shared.lambda_runtime.aws import client
from shared.lambda_runtime.batch import BatchProcessor
from shared.lambda_runtime.environment import Environment
from shared.lambda_runtime.powertools import logger
from shared.lambda_runtime.sqs_queue import SqsQueue
from shared.routes import Route, find_cycle
from shared.transfer_bus import TransferBus

# "Configure Lambda function memory", Lambda developer guide: one vCPU for every 1,769 MB.
_MEGABYTES_PER_VCPU = 1769
# boto3 takes about 2.5 ms of CPU per call; more threads than this wait for the processor, not for S3.
_THREADS_PER_VCPU = 16
# As many as a batch has messages, unless it is set to have more: each waits some 100 ms for S3.
_FEWEST_THREADS = 10
# They move 2 GB a second of one large object; each waits for seconds, and so takes little CPU at any memory.
PART_THREADS = 32
# One CopyObject of 5 GB takes about 85 s, and S3 may answer only at its end.
_COPY_TIMEOUT_S = 120
# Queues and buses answer in milliseconds; waiting longer would eat up the time that is kept for publishing.
_ANSWER_TIMEOUT_S = 5


@dataclass(frozen=True)
class Settings:
    """The copier's environment, read and checked."""

    routes: tuple[Route, ...]
    bucket_owners: dict[str, str]
    bus_name: str
    queue_url: str
    dead_letter_url: str
    max_receive_count: int
    memory_mb: int
    part_sizes: PartSizes
    placement_table_name: str | None = None

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Read all variables.

        Raises:
            ConfigurationError: naming every variable that is missing or wrong.
        """
        with Environment(variables) as environment:
            routes = environment.json("ROUTES", tuple[Route, ...], check=_refuse_cycles)
            return cls(
                routes=routes,
                bucket_owners=environment.json("BUCKET_OWNERS", dict[str, str]),
                bus_name=environment.text("TRANSFER_BUS_NAME"),
                queue_url=environment.text("COPY_QUEUE_URL"),
                dead_letter_url=environment.text("COPY_DLQ_URL"),
                max_receive_count=environment.integer("MAX_RECEIVE_COUNT", minimum=1, maximum=1000),
                memory_mb=environment.integer("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", minimum=128, maximum=10_240),
                part_sizes=PartSizes(
                    threshold=environment.integer(
                        "MULTIPART_THRESHOLD_BYTES", minimum=SMALLEST_PART, maximum=LARGEST_SINGLE_COPY
                    ),
                    part=environment.integer("PART_SIZE_BYTES", minimum=SMALLEST_PART, maximum=LARGEST_PART),
                    largest=environment.integer("LARGEST_PART_BYTES", minimum=SMALLEST_PART, maximum=LARGEST_PART),
                ),
                placement_table_name=environment.text("PLACEMENT_TABLE_NAME") if _keep_every_version(routes) else None,
            )

    @property
    def threads(self) -> int:
        """How many objects are copied at once: what the function's share of processors can drive."""
        return max(_FEWEST_THREADS, round(_THREADS_PER_VCPU * self.memory_mb / _MEGABYTES_PER_VCPU))


def _refuse_cycles(routes: tuple[Route, ...]) -> None:
    if cycle := find_cycle(routes):
        raise ValueError(f"copies would cause copies forever: {' → '.join(cycle)}")


def _keep_every_version(routes: object) -> bool:
    # What could not be read is no tuple.
    return isinstance(routes, tuple) and any(route.versions == "every" for route in routes)


def _back_off(lost_attempt: int) -> None:
    time.sleep(random.uniform(0, 0.05 * 2**lost_attempt))


def _warn(message: str, details: dict[str, str]) -> None:
    logger.warning(message, extra=details)


@cache
def build() -> BatchProcessor[Performed]:
    """The copier of this execution environment, made once.

    Raises:
        ConfigurationError: the environment is incomplete or wrong.
    """
    settings = Settings.read(os.environ)
    queue = SqsQueue(
        client("sqs", connections=1, read_timeout_s=_ANSWER_TIMEOUT_S),
        queue_url=settings.queue_url,
        dead_letter_url=settings.dead_letter_url,
    )
    s3 = client("s3", connections=settings.threads + PART_THREADS, read_timeout_s=_COPY_TIMEOUT_S)
    owners = BucketOwners(settings.bucket_owners)
    parts = MultipartCopy(
        S3MultipartStore(s3, owners),
        ThreadPoolExecutor(PART_THREADS, thread_name_prefix="part"),
        width=PART_THREADS,
        warn=_warn,
    )
    copies = ConditionalCopy(S3ObjectStore(s3, owners), parts, settings.part_sizes, _back_off)
    newest_only = NewestOnly(copies, sleep=time.sleep, warn=_warn)
    every_version: EveryVersion | None = None
    if settings.placement_table_name:
        ledger = DynamoDbPlacementLedger(
            client("dynamodb", connections=settings.threads, read_timeout_s=_ANSWER_TIMEOUT_S),
            settings.placement_table_name,
        )
        every_version = EveryVersion(copies, ledger, lambda: str(uuid4()), _warn, times.now)
    telemetry = CloudWatchTelemetry()
    worker = CopyWorker(
        newest_only=newest_only,
        deletions=Deletions(newest_only),
        every_version=every_version,
        abandon=parts.abandon,
        routes=settings.routes,
        bus=TransferBus(
            # The bus itself tries again.
            client("events", connections=1, read_timeout_s=_ANSWER_TIMEOUT_S, attempts=1),
            name=settings.bus_name,
            sleep=time.sleep,
        ),
        queue=queue,
        telemetry=telemetry,
        clock=times.now,
        max_receive_count=settings.max_receive_count,
    )
    executor = ThreadPoolExecutor(settings.threads, thread_name_prefix="transfer")
    return BatchProcessor(worker, queue, executor, settings.max_receive_count, telemetry)
