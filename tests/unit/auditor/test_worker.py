"""Every message ends as a record or an explained dead letter, or comes again."""

from datetime import timedelta

import pytest

from services.auditor.worker import Appended, AuditWorker, Recorded
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.record import Record
from shared.errors import AccessDeniedError, PermanentError, TransientError
from shared.lambda_runtime.message import DeadLetter, Message
from tests.fakes.bodies import envelope, object_created
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.operations import an_operation, operation_body
from tests.fakes.outcomes import an_upload, body, copied, failed
from tests.fakes.sqs import FakeQueue, message

MOST_RECEIVES = 5


class Told:
    """The `Telemetry` Protocol: remembers."""

    def __init__(self) -> None:
        self.recorded_messages: list[Recorded] = []
        self.letters: list[DeadLetter] = []

    def recorded(self, recorded: Recorded) -> None:
        self.recorded_messages.append(recorded)

    def dead_lettered(self, letter: DeadLetter) -> None:
        self.letters.append(letter)


class Auditor:
    """One auditor with its ledger and queue."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = FakeLedger()
        self.queue = FakeQueue()
        self.told = Told()
        self.worker = AuditWorker(
            ledger=self.ledger,
            queue=self.queue,
            telemetry=self.told,
            clock=self.clock,
            max_receive_count=MOST_RECEIVES,
        )

    def work(self, *messages: Message) -> dict[str, str]:
        """Perform and publish; the reasons of the failures, by message id."""
        failures = self.worker.publish([self.worker.perform(each, lambda: 60) for each in messages])
        return {failed.id: error.reason for failed, error in failures.items()}


@pytest.fixture
def auditor() -> Auditor:
    return Auditor()


def test_a_completion_becomes_a_record_logged_now(auditor: Auditor) -> None:
    completion = copied(finished_at=auditor.clock() - timedelta(seconds=3))
    delivery = message(body(completion))
    assert auditor.work(delivery) == {}
    record = auditor.ledger.records[completion.log_id]
    assert record == Record.of(completion, logged_at=auditor.clock())
    assert auditor.told.recorded_messages == [Recorded(delivery, record, Appended.NEW)]
    assert auditor.queue.letters == []


def test_what_an_operator_did_becomes_a_record_too(auditor: Auditor) -> None:
    operation = an_operation()

    assert auditor.work(message(operation_body(operation))) == {}

    assert auditor.ledger.records == {operation.log_id: OperationRecord.of(operation, auditor.clock())}
    assert auditor.queue.letters == []


def test_the_same_completion_twice_is_one_record_and_a_success_told_as_a_duplicate(auditor: Auditor) -> None:
    twice = [message(body(copied()), message_id=number) for number in ("first", "second")]
    assert auditor.work(*twice) == {}
    assert len(auditor.ledger.records) == 1
    assert [each.appended for each in auditor.told.recorded_messages] == [Appended.NEW, Appended.DUPLICATE]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not JSON", "MalformedEvent"),
        ("{}", "MalformedEvent"),
        (envelope("copytrail", "Object Copied", {"logId": "x"}), "MalformedEvent"),
        (object_created(an_upload()), "UnsupportedEvent"),
    ],
    ids=["no JSON", "no envelope", "no completion", "another kind of event"],
)
def test_what_is_no_completion_is_a_dead_letter_at_once_beside_good_neighbours(
    auditor: Auditor, text: str, reason: str
) -> None:
    bad = message(text, message_id="bad")
    assert auditor.work(bad, message(body(copied()), message_id="good")) == {}
    [letter] = auditor.queue.letters
    assert (letter.message, letter.error.reason, letter.log_id) == (bad, reason, None)
    assert auditor.told.letters == [letter]
    assert list(auditor.ledger.records) == [copied().log_id]


def test_a_conflict_is_a_dead_letter_with_its_log_id_and_the_first_record_stays(auditor: Auditor) -> None:
    first = copied()
    intruder = copied(an_upload(key="other"), log_id=first.log_id)
    auditor.work(message(body(first), message_id="first"))
    assert auditor.work(message(body(intruder), message_id="second")) == {}
    [letter] = auditor.queue.letters
    assert (letter.error.reason, letter.log_id, letter.message.id) == ("LogIdConflict", first.log_id, "second")
    assert "report.csv" in auditor.ledger.records[first.log_id].title


def test_a_completion_whose_log_id_cannot_be_a_key_is_a_dead_letter_that_names_it(auditor: Auditor) -> None:
    assert auditor.work(message(body(copied(log_id="seven")))) == {}
    [letter] = auditor.queue.letters
    assert (letter.error.reason, letter.log_id) == ("MalformedEvent", "seven")


def test_a_permanent_refusal_is_a_dead_letter_on_the_first_receive(auditor: Auditor) -> None:
    auditor.ledger.error = PermanentError("ResourceNotFoundException", "dynamodb:PutItem on audit: no")
    assert auditor.work(message(body(copied()))) == {}
    assert [letter.error for letter in auditor.queue.letters] == [auditor.ledger.error]


def test_a_denied_record_comes_again_as_the_permission_may_be_on_its_way_and_is_a_dead_letter_then(
    auditor: Auditor,
) -> None:
    auditor.ledger.error = AccessDeniedError("AccessDenied", "dynamodb:PutItem on audit: no")
    with pytest.raises(AccessDeniedError):
        auditor.worker.perform(message(body(copied()), receive_count=3), lambda: 60)
    assert auditor.work(message(body(copied()), receive_count=4)) == {}
    assert [letter.error for letter in auditor.queue.letters] == [auditor.ledger.error]


def test_a_transient_refusal_comes_again_while_the_queue_allows_it(auditor: Auditor) -> None:
    auditor.ledger.error = TransientError("ThrottlingException", "slow down")
    with pytest.raises(TransientError, match="slow down"):
        auditor.worker.perform(message(body(copied()), receive_count=MOST_RECEIVES - 1), lambda: 60)
    assert auditor.queue.letters == []


def test_a_transient_refusal_on_the_last_receive_is_a_dead_letter_with_its_reason(auditor: Auditor) -> None:
    auditor.ledger.error = TransientError("ThrottlingException", "slow down")
    assert auditor.work(message(body(copied()), receive_count=MOST_RECEIVES)) == {}
    [letter] = auditor.queue.letters
    assert (letter.error.reason, letter.log_id) == ("ThrottlingException", copied().log_id)


def test_a_bug_comes_again_as_an_unexpected_error_with_the_bug_as_its_cause(auditor: Auditor) -> None:
    auditor.ledger.error = ZeroDivisionError("oh")
    with pytest.raises(TransientError, match="ZeroDivisionError: oh") as unexpected:
        auditor.worker.perform(message(body(copied())), lambda: 60)
    assert unexpected.value.reason == "UnexpectedError"
    assert unexpected.value.__cause__ is auditor.ledger.error


def test_a_bug_on_the_last_receive_is_a_dead_letter_with_the_bug_as_its_cause(auditor: Auditor) -> None:
    auditor.ledger.error = ZeroDivisionError("oh")
    assert auditor.work(message(body(copied()), receive_count=MOST_RECEIVES)) == {}
    [letter] = auditor.queue.letters
    assert letter.error.reason == "UnexpectedError"
    assert letter.error.__cause__ is auditor.ledger.error


def test_a_letter_that_the_dead_letter_queue_refuses_keeps_its_message_and_only_that(auditor: Auditor) -> None:
    auditor.queue.down = True
    good, bad = message(body(failed()), message_id="good"), message("{", message_id="bad")
    assert auditor.work(good, bad) == {"bad": "LetterNotAccepted"}
    assert auditor.told.letters == []
    assert [each.record for each in auditor.told.recorded_messages] == [Record.of(failed(), auditor.clock())]
