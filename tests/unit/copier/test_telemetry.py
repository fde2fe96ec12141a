"""What CloudWatch learns is nobody's outcome."""

from typing import Any

import pytest

from services.copier.telemetry import CloudWatchTelemetry
from shared.errors import PermanentError
from shared.lambda_runtime.message import DeadLetter
from tests.fakes.sqs import message


def test_what_cannot_be_counted_fails_no_message_and_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The letter is in the queue by then: told again, there would be a second one."""

    def broken(**_: object) -> None:
        raise ValueError("no such metric")

    logged: list[Any] = []
    monkeypatch.setattr("services.copier.telemetry.metrics.add_metric", broken)
    monkeypatch.setattr("services.copier.telemetry.logger.exception", lambda *what, **more: logged.append((what, more)))
    delivery = message("hello")

    CloudWatchTelemetry().published(DeadLetter(delivery, PermanentError("Odd", "why"), None))

    assert logged == [(("a transfer was not counted",), {"extra": {"message_id": delivery.id}})]
