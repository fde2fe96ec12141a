"""What CloudWatch learns is nobody's outcome."""

from typing import Any

import pytest

from services.copier.telemetry import CloudWatchTelemetry
from services.copier.worker import Finished
from shared.errors import PermanentError
from shared.events import Trigger
from shared.lambda_runtime.message import DeadLetter
from shared.lambda_runtime.powertools import metrics
from tests.fakes.outcomes import copied
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


@pytest.mark.parametrize("trigger", Trigger)
def test_only_copies_that_an_upload_set_going_tell_how_long_that_took(
    trigger: Trigger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an operator asks for may have been uploaded years ago."""
    emitted: dict[str, float] = {}
    monkeypatch.setattr(metrics, "add_metric", lambda *, name, unit, value: emitted.update({name: value}))  # noqa: ARG005 - as Powertools names them

    CloudWatchTelemetry().published(Finished(message("hello"), copied(trigger=trigger)))

    times = {"UploadToCopied": 2000} if trigger is Trigger.UPLOAD else {}
    assert emitted == {"Objects": 1, "Copied": 1, "BytesCopied": 42, **times}
