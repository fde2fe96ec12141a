"""Who changes something is on record before and after, however it ends."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.operation_events import operation
from ops.stack import Output
from shared.errors import CopytrailError
from shared.operations import OperationKind, Stage

EVE = "arn:aws:iam::123456789012:user/eve"


class Bus:
    """A stack whose transfer bus keeps what it accepts; `answers` are its next refusals."""

    def __init__(self) -> None:
        self.caller_arn = EVE
        self.details: list[dict[str, Any]] = []
        self.refuses: list[bool] = []

    def output(self, name: Output) -> str:
        assert name is Output.TRANSFER_BUS_NAME
        return "transfers"

    def client(self, service: str) -> "Bus":
        assert service == "events"
        return self

    def close(self) -> None:
        """As boto3's clients do."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.refuses and self.refuses.pop(0):
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents")
        self.details += [json.loads(entry["Detail"]) | {"type": entry["DetailType"]} for entry in Entries]
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


@pytest.fixture
def bus() -> Any:
    return Bus()


def test_beginning_and_end_are_on_record_with_who_what_and_how_many(bus: Any) -> None:
    with operation(bus, OperationKind.REPLAY, subject="copy queue", filters={"reason": "AccessDenied"}) as running:
        [began] = bus.details
        running.count("replayed", 2)
        running.count("replayed")

    ended = bus.details[1]
    assert (began["type"], began["stage"], began["performedBy"]) == ("Operation Started", Stage.STARTED, EVE)
    assert (ended["type"], ended["stage"], ended["counts"]) == ("Operation Ended", Stage.COMPLETED, {"replayed": 3})
    for told in (began, ended):
        assert (told["operationId"], told["kind"]) == (running.id, OperationKind.REPLAY)
        assert (told["subject"], told["filters"]) == ("copy queue", {"reason": "AccessDenied"})


@pytest.mark.parametrize(
    ("error", "stage", "message"),
    [(KeyboardInterrupt(), Stage.INTERRUPTED, None), (ValueError("no such thing"), Stage.FAILED, "no such thing")],
)
def test_what_breaks_off_is_on_record_with_what_was_done(
    bus: Any, error: BaseException, stage: Stage, message: str | None
) -> None:
    def break_off() -> None:
        with operation(bus, OperationKind.DROP, subject="copy queue", filters={}) as running:
            running.count("dropped")
            raise error

    with pytest.raises(type(error)):
        break_off()

    assert (bus.details[1]["stage"], bus.details[1]["counts"]) == (stage, {"dropped": 1})
    assert bus.details[1].get("message") == message


def test_nothing_is_touched_when_the_beginning_cannot_be_put_on_record(bus: Any) -> None:
    bus.refuses = [True, True, True]
    touched = False

    with (
        pytest.raises(CopytrailError, match="events:PutEvents on transfers: no"),
        operation(bus, OperationKind.REPLAY, subject="copy queue", filters={}),
    ):
        touched = True

    assert (touched, bus.details) == (False, [])


def test_an_end_that_cannot_be_put_on_record_is_told_and_spoils_nothing(
    bus: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bus.refuses = [False, True, True, True]

    with operation(bus, OperationKind.REPLAY, subject="copy queue", filters={}) as running:
        pass

    assert f"the end of operation {running.id} is not on record" in capsys.readouterr().err


def test_an_operation_that_goes_on_keeps_its_id(bus: Any) -> None:
    with operation(bus, OperationKind.BACKFILL, subject="in", filters={}, operation_id="earlier") as running:
        assert running.id == "earlier"

    assert {told["operationId"] for told in bus.details} == {"earlier"}
