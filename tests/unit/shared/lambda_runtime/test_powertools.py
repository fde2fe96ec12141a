"""What CloudWatch learns of a message that failed."""

from collections.abc import Iterator

import pytest

from shared.errors import TransientError
from shared.lambda_runtime.delivery_policy import as_copytrail_error
from shared.lambda_runtime.message import DeadLetter
from shared.lambda_runtime.powertools import CloudWatchTelemetry, metrics
from tests.fakes.sqs import message


@pytest.fixture(autouse=True)
def _no_metrics_left() -> Iterator[None]:
    yield
    metrics.clear_metrics()


def test_a_retry_and_a_delay_that_could_not_be_set_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    throttled = TransientError("SlowDown", "later")
    telemetry = CloudWatchTelemetry()

    telemetry.will_retry(message("{}"), throttled, 4.2)
    telemetry.retry_delay_refused(message("{}"), throttled)

    assert [record.message for record in caplog.records] == ["delivery failed", "retry delay not set"]
    assert "Retries" in metrics.metric_set


def test_what_looks_like_a_bug_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    letters = [
        DeadLetter(message("{}"), error, log_id=None) for error in (TransientError("SlowDown", "later"), _a_bug())
    ]

    for letter in letters:
        CloudWatchTelemetry().dead_lettered(letter)

    assert [bool(record.exc_info) for record in caplog.records] == [False, True]
    assert "DeadLetters" in metrics.metric_set


def _a_bug() -> TransientError:
    try:
        raise as_copytrail_error(KeyError("a bug"))
    except TransientError as error:
        return error
