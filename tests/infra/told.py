"""What both functions really tell CloudWatch, by their own telemetry: metrics with their dimensions, and log lines."""

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any, cast
from unittest import mock

import services.auditor.telemetry
import services.copier.telemetry
from services.auditor.worker import Appended, LogIdConflictError, Recorded
from services.copier.worker import Continued, Failed, Finished
from shared.errors import PermanentError, TransientError
from shared.events import Continuation, CopyRequest, Outcome
from shared.lambda_runtime import powertools
from shared.lambda_runtime.message import DeadLetter
from tests.fakes.outcomes import a_record, an_upload, copied, failed, skipped
from tests.fakes.sqs import message


class _Context:
    function_name = "function"
    function_version = "$LATEST"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "7"


@dataclass(frozen=True)
class Told:
    """`metrics`: namespace, name and dimensions, with their values, of each. `fields`: of all log lines."""

    metrics: set[tuple[str, str, tuple[tuple[str, str], ...]]]
    fields: set[str]
    messages: set[str]


def told_by(service_name: str, work: Callable[[], None]) -> Told:
    """What is logged and emitted by some work in an invocation of a function that has this service name."""

    def handler(_: object, __: _Context) -> None:
        work()

    out, log = StringIO(), StringIO()
    decorated = powertools.metrics.log_metrics(powertools.logger.inject_lambda_context(cast(Any, handler)))
    with (
        mock.patch.object(powertools.metrics.provider, "service", service_name),
        mock.patch.object(powertools.logger.registered_handler, "stream", log),
        redirect_stdout(out),
    ):
        decorated({}, _Context())
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    metrics = {
        (cloudwatch["Namespace"], metric["Name"], tuple((name, blob[name]) for name in names))
        for blob in map(json.loads, out.getvalue().splitlines())
        for cloudwatch in blob["_aws"]["CloudWatchMetrics"]
        for names in cloudwatch["Dimensions"]
        for metric in cloudwatch["Metrics"]
    }
    return Told(metrics, {field for line in lines for field in line}, {line["message"] for line in lines})


def copy() -> None:
    """One message of each kind that the copier can end."""
    telemetry = services.copier.telemetry.CloudWatchTelemetry()
    delivery, refused = message("body"), PermanentError("Odd", "why")
    going_on = Continuation(upload_id="u", bytes_each=5, etag="e", fingerprint="f", parts_done=3)
    for completion in (copied(), skipped(), copied(outcome=Outcome.DELETED)):
        telemetry.published(Finished(delivery, completion))
    telemetry.published(Failed(delivery, failed(), refused))
    telemetry.published(DeadLetter(delivery, refused, None))
    telemetry.published(Continued(delivery, CopyRequest(upload=an_upload(), continuation=going_on), cast(Any, None)))
    telemetry.will_retry(delivery, TransientError("SlowDown", "later"), 2)


def audit() -> None:
    """One message of each kind that the auditor can end."""
    telemetry = services.auditor.telemetry.CloudWatchTelemetry()
    delivery, record = message("body"), a_record()
    telemetry.recorded(Recorded(delivery, record, Appended.NEW))
    telemetry.recorded(Recorded(delivery, record, Appended.DUPLICATE))
    telemetry.dead_lettered(DeadLetter(delivery, LogIdConflictError(record, "another"), record.log_id))
    telemetry.will_retry(delivery, TransientError("SlowDown", "later"), 2)
