"""The auditor put together: its environment read, its clients made, its worker ready for batches."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from services.auditor.ledger import DynamoDbLedger
from services.auditor.telemetry import CloudWatchTelemetry
from services.auditor.worker import AuditWorker, Recorded
from shared import times
from shared.lambda_runtime.aws import client
from shared.lambda_runtime.batch import BatchProcessor
from shared.lambda_runtime.environment import Environment
from shared.lambda_runtime.message import DeadLetter
from shared.lambda_runtime.sqs_queue import SqsQueue

# An append takes a few milliseconds, about half of them boto3's own work: more threads only wait for the processor.
_THREADS = 8
# DynamoDB and SQS answer in milliseconds; one that does not is better asked again.
_READ_TIMEOUT_S = 5


@dataclass(frozen=True)
class Settings:
    """The auditor's environment, read and checked."""

    table_name: str
    queue_url: str
    dead_letter_url: str
    max_receive_count: int

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Read all variables.

        Raises:
            ConfigurationError: naming every variable that is missing or wrong.
        """
        with Environment(variables) as environment:
            return cls(
                table_name=environment.text("AUDIT_TABLE_NAME"),
                queue_url=environment.text("AUDIT_QUEUE_URL"),
                dead_letter_url=environment.text("AUDIT_DLQ_URL"),
                max_receive_count=environment.integer("MAX_RECEIVE_COUNT", minimum=1, maximum=1000),
            )


@cache
def build() -> BatchProcessor[Recorded | DeadLetter]:
    """The auditor of this execution environment, made once.

    Raises:
        ConfigurationError: the environment is incomplete or wrong.
    """
    settings = Settings.read(os.environ)
    queue = SqsQueue(
        client("sqs", connections=1, read_timeout_s=_READ_TIMEOUT_S),
        queue_url=settings.queue_url,
        dead_letter_url=settings.dead_letter_url,
    )
    dynamodb = client("dynamodb", connections=_THREADS, read_timeout_s=_READ_TIMEOUT_S)
    telemetry = CloudWatchTelemetry()
    worker = AuditWorker(
        ledger=DynamoDbLedger(dynamodb, settings.table_name),
        queue=queue,
        telemetry=telemetry,
        clock=times.now,
        max_receive_count=settings.max_receive_count,
    )
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="audit")
    return BatchProcessor(worker, queue, executor, settings.max_receive_count, telemetry)
