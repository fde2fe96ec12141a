"""Owns how the copier is put together: environment + clients → use case. The only place clients are made."""

import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from services.copier.completions import EventBridgeCompletions
from services.copier.copying import Copying
from services.copier.object_store import S3ObjectStore
from services.copier.telemetry import CloudWatchTelemetry
from services.copier.transfers import Transfers
from shared import times
from shared.aws import client
from shared.environment import Environment
from shared.routes import Route, find_cycle
from shared.runtime import logger
from shared.sqs_queue import SqsQueue

# "Configure Lambda function memory", Lambda developer guide: one vCPU for every 1,769 MB.
_MEGABYTES_PER_VCPU = 1769
# boto3 takes about 2.5 ms of CPU per call; more threads than this wait for the processor, not for S3.
_THREADS_PER_VCPU = 16
_FEWEST_THREADS = 4
# One CopyObject of 5 GB takes about 85 s, and S3 may answer only at its end.
_COPY_TIMEOUT_S = 300


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

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Read all variables.

        Raises:
            ConfigurationError: naming every variable that is missing or wrong.
        """
        with Environment(variables) as environment:
            return cls(
                routes=environment.json("ROUTES", tuple[Route, ...], check=_refuse_cycles),
                bucket_owners=environment.json("BUCKET_OWNERS", dict[str, str]),
                bus_name=environment.text("TRANSFER_BUS_NAME"),
                queue_url=environment.text("COPY_QUEUE_URL"),
                dead_letter_url=environment.text("COPY_DLQ_URL"),
                max_receive_count=environment.integer("MAX_RECEIVE_COUNT", minimum=1, maximum=1000),
                memory_mb=environment.integer("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", minimum=128, maximum=10_240),
            )

    @property
    def threads(self) -> int:
        """How many objects are copied at once: what the function's share of processors can drive."""
        return max(_FEWEST_THREADS, round(_THREADS_PER_VCPU * self.memory_mb / _MEGABYTES_PER_VCPU))


def _refuse_cycles(routes: tuple[Route, ...]) -> None:
    if cycle := find_cycle(routes):
        raise ValueError(f"copies would cause copies forever: {' → '.join(cycle)}")


@dataclass(frozen=True)
class Copier:
    """The copier, ready for batches."""

    transfers: Transfers
    queue: SqsQueue
    executor: ThreadPoolExecutor


@cache
def build() -> Copier:
    """The copier of this execution environment, made once.

    Raises:
        ConfigurationError: the environment is incomplete or wrong.
    """
    settings = Settings.read(os.environ)
    queue = SqsQueue(
        client("sqs", connections=settings.threads),
        queue_url=settings.queue_url,
        dead_letter_url=settings.dead_letter_url,
    )
    s3 = client("s3", connections=settings.threads, read_timeout_s=_COPY_TIMEOUT_S)
    transfers = Transfers(
        copying=Copying(
            S3ObjectStore(s3, settings.bucket_owners),
            sleep=time.sleep,
            warn=lambda message, details: logger.warning(message, extra=details),
        ),
        routes=settings.routes,
        completions=EventBridgeCompletions(
            client("events", connections=1), bus_name=settings.bus_name, sleep=time.sleep
        ),
        queue=queue,
        telemetry=CloudWatchTelemetry(),
        clock=times.now,
        max_receive_count=settings.max_receive_count,
    )
    return Copier(transfers, queue, ThreadPoolExecutor(settings.threads, thread_name_prefix="transfer"))
