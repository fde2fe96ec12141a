"""A message's way through the copier: nothing goes before its outcome is known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from msgspec import structs

from services.copier.worker import Finished, Performed
from shared.copy_plan import PartSizes
from shared.errors import CopytrailError, Reason, TransientError
from shared.events import Completion, CopyRequest, Event, Outcome, Trigger, Upload
from shared.lambda_runtime.message import Past
from shared.log_id import is_log_id
from shared.routes import Route
from tests.fakes.bodies import copy_requested, envelope, object_created
from tests.fakes.clock import FakeClock
from tests.fakes.copying import IN_ONE, a_copy_worker
from tests.fakes.s3 import FakeS3
from tests.fakes.sqs import FakeQueue, message


class FakeBus:
    """The `Bus` Protocol: keeps what was accepted, in groups; refuses the keys that it is told to."""

    def __init__(self) -> None:
        self.groups: list[list[Completion]] = []
        self.refused_keys: set[str] = set()

    @property
    def accepted(self) -> list[Completion]:
        """Every accepted event, in order."""
        return [completion for group in self.groups for completion in group]

    def publish(self, events: Sequence[Event]) -> list[CopytrailError | None]:
        """Accept all but the refused keys."""
        completions = [msgspec.json.decode(event.detail, type=Completion) for event in events]
        refused = [completion.upload.key in self.refused_keys for completion in completions]
        self.groups.append([c for c, no in zip(completions, refused, strict=True) if not no])
        return [TransientError(Reason.EVENT_NOT_ACCEPTED, "InternalFailure: ") if no else None for no in refused]


class KeptTelemetry:
    def __init__(self) -> None:
        self.kept: list[Performed] = []

    def published(self, performed: Performed) -> None:
        self.kept.append(performed)


class Copier:
    """The copier's worker with its bus, queue and telemetry."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.s3 = FakeS3(self.clock)
        self.bus = FakeBus()
        self.queue = FakeQueue()
        self.telemetry = KeptTelemetry()
        self.route = Route(source_bucket="in", destination_bucket="out", destination_prefix="copies/")
        self.copy_in_parts(IN_ONE)

    def follow_deletions(self) -> None:
        """From now on, deletions follow."""
        self.s3 = FakeS3(self.clock, versioned=("out",))
        self.route = structs.replace(self.route, deletes=True)
        self.copy_in_parts(IN_ONE)

    def copy_in_parts(self, sizes: PartSizes) -> None:
        """From now on, objects over the threshold are copied in parts."""
        self.worker = a_copy_worker(
            self.s3,
            self.clock,
            sizes=sizes,
            routes=[self.route],
            bus=self.bus,
            queue=self.queue,
            telemetry=self.telemetry,
        )

    def work(
        self, body: str, *, message_id: str = "m-1", receive_count: int = 1, past: Past | None = None
    ) -> dict[str, CopytrailError]:
        delivery = replace(message(body, message_id=message_id, receive_count=receive_count), past=past)
        performed = self.worker.perform(delivery, lambda: 900)
        return {failed.id: error for failed, error in self.worker.publish([performed]).items()}


@pytest.fixture
def copier() -> Copier:
    return Copier()


def test_a_copied_upload_is_told_with_everything_the_record_needs(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A")

    assert copier.work(object_created(upload)) == {}

    [told] = copier.bus.accepted
    assert is_log_id(told.log_id)
    assert told.outcome is Outcome.COPIED
    assert told.upload.sequencer == upload.sequencer
    assert told.destination is not None
    assert (told.destination.bucket, told.destination.key) == ("out", "copies/k")
    assert (told.destination.etag, told.method, told.parts, told.attempt) == (upload.etag, "CopyObject", 1, 1)
    assert (told.reason, told.message, told.trigger) == (None, None, Trigger.UPLOAD)
    assert [kept.completion for kept in copier.telemetry.kept if isinstance(kept, Finished)] == [told]


def test_a_replayed_upload_is_told_as_a_replay_by_whoever_asked_for_it(copier: Copier) -> None:
    body = object_created(copier.s3.upload("in", "k", b"A"))

    copier.work(body)
    copier.work(body, past=Past(attempts=5, replayed_by="arn:aws:iam::1:user/eve", replay_operation="o-1"))
    copier.work(body, past=Past(attempts=5))

    first, replayed, redriven = copier.bus.accepted
    assert (replayed.trigger, replayed.requested_by) == (Trigger.REPLAY, "arn:aws:iam::1:user/eve")
    assert (first.operation_id, replayed.operation_id, redriven.operation_id) == (None, "o-1", None)
    assert (redriven.trigger, redriven.requested_by) == (Trigger.UPLOAD, None)
    assert first.log_id == replayed.log_id == redriven.log_id


def test_a_record_never_names_an_upload_that_was_not_copied(copier: Copier) -> None:
    """Two empty objects are alike: nothing tells whether the event's key was URL-encoded."""
    copier.s3.upload("in", "x y", b"")
    gone = copier.s3.upload("in", "x+y", b"")
    copier.s3.delete("in", "x+y")

    copier.work(object_created(gone), message_id="m-1")
    [follow_up] = copier.queue.sent
    copier.work(follow_up, message_id="m-2")

    skipped, copied = copier.bus.accepted
    assert (skipped.upload.key, skipped.outcome, skipped.reason) == ("x+y", Outcome.SKIPPED, Reason.SOURCE_DELETED)
    assert (copied.upload.key, copied.outcome) == ("x y", Outcome.COPIED)
    assert skipped.log_id != copied.log_id
    assert copier.s3.at("s3://out/copies/x y") is not None
    assert copier.s3.at("s3://out/copies/x+y") is None
    assert len(copier.queue.sent) == 1


def test_what_a_decoded_key_may_mean_stays_with_its_message_until_the_queue_has_taken_it(copier: Copier) -> None:
    copier.s3.upload("in", "x y", b"")
    told = structs.replace(copier.s3.upload("in", "x+y", b""), key="x%20y")
    copier.queue.down = True

    failures = copier.work(object_created(told))

    assert failures.keys() == {"m-1"}
    copier.queue.down = False
    assert copier.work(object_created(told)) == {}
    assert len(copier.queue.sent) == 1


def test_a_key_that_grows_too_long_fails_at_the_first_delivery_and_asks_s3_nothing(copier: Copier) -> None:
    upload = copier.s3.upload("in", "é" * 509, b"A")

    assert copier.work(object_created(upload)) == {}

    [told] = copier.bus.accepted
    assert (told.outcome, told.reason) == (Outcome.FAILED, Reason.KEY_TOO_LONG)
    assert told.message is not None
    assert "1,025 bytes" in told.message
    assert copier.s3.requests == []


def test_the_same_upload_delivered_twice_has_the_same_log_id(copier: Copier) -> None:
    body = object_created(copier.s3.upload("in", "k", b"A"))

    copier.work(body, message_id="m-1")
    copier.work(body, message_id="m-2", receive_count=2)

    first, second = copier.bus.accepted
    assert first.log_id == second.log_id


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", Reason.MALFORMED_EVENT),
        (envelope("aws.s3", "Object Created", {"bucket": {"name": "in"}}), Reason.MALFORMED_EVENT),
        (envelope("aws.s3", "Object Tags Added", {}), Reason.UNSUPPORTED_EVENT),
    ],
)
def test_what_is_no_upload_is_dead_lettered_at_once_and_no_outcome_is_told(
    copier: Copier, body: str, reason: Reason
) -> None:
    assert copier.work(body) == {}

    [letter] = copier.queue.letters
    assert letter.error.reason == reason
    assert letter.message.body == body
    assert letter.log_id is None
    assert copier.bus.accepted == []


def test_an_upload_without_a_route_is_told_and_dead_lettered_under_one_log_id(copier: Copier) -> None:
    upload = copier.s3.upload("elsewhere", "k", b"A")

    assert copier.work(object_created(upload)) == {}

    [told], [letter] = copier.bus.accepted, copier.queue.letters
    assert (told.outcome, told.reason, told.destination) == (Outcome.FAILED, Reason.NO_ROUTE, None)
    assert letter.log_id == told.log_id


def test_a_permanent_failure_is_told_and_dead_lettered_on_the_first_receive(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A", storage_class="GLACIER")

    assert copier.work(object_created(upload)) == {}

    [told], [letter] = copier.bus.accepted, copier.queue.letters
    assert (told.outcome, told.reason) == (Outcome.FAILED, Reason.ARCHIVED)
    assert told.destination is not None
    assert told.destination.key == "copies/k"
    assert letter.error.message == told.message


def test_a_failure_has_another_log_id_than_the_later_success(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A", storage_class="GLACIER")
    copier.work(object_created(upload))
    copier.s3.objects.clear()
    restored = copier.s3.upload("in", "k", b"A")
    copier.work(object_created(structs.replace(restored, sequencer=upload.sequencer)), message_id="m-2")

    failed, copied = copier.bus.accepted
    assert (failed.outcome, copied.outcome) == (Outcome.FAILED, Outcome.COPIED)
    assert failed.log_id != copied.log_id


def throttled() -> None:
    raise TransientError("SlowDown", "s3:PutObject on s3://out/copies/k: please reduce your request rate")


def bug() -> None:
    raise KeyError("a bug")


def test_a_transient_failure_with_receives_left_is_left_for_another_delivery(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A")
    copier.s3.before["read"] = [throttled]

    with pytest.raises(TransientError, match="reduce your request rate"):
        copier.work(object_created(upload), receive_count=4)
    assert (copier.bus.accepted, copier.queue.letters) == ([], [])


def test_a_transient_failure_on_the_last_receive_is_explained(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A")
    copier.s3.before["read"] = [throttled]

    assert copier.work(object_created(upload), receive_count=5) == {}

    [told], [letter] = copier.bus.accepted, copier.queue.letters
    assert (told.outcome, told.reason, told.attempt) == (Outcome.FAILED, "SlowDown", 5)
    assert letter.error.reason == "SlowDown"


def test_a_bug_is_retried_and_then_explained_with_its_cause(copier: Copier) -> None:
    body = object_created(copier.s3.upload("in", "k", b"A"))
    copier.s3.before["read"] = [bug, bug]

    with pytest.raises(TransientError, match="KeyError") as raised:
        copier.work(body)
    assert isinstance(raised.value.__cause__, KeyError)
    assert copier.work(body, receive_count=5) == {}
    assert copier.queue.letters[0].error.reason == Reason.UNEXPECTED_ERROR


def test_a_message_whose_event_was_not_accepted_stays_and_its_neighbours_go(copier: Copier) -> None:
    good, bad = copier.s3.upload("in", "good", b"A"), copier.s3.upload("in", "bad", b"B")
    copier.bus.refused_keys = {"bad"}
    group = [
        copier.worker.perform(message(object_created(upload), message_id=f"m-{upload.key}"), lambda: 900)
        for upload in (good, bad)
    ]

    failures = copier.worker.publish(group)

    assert [(failed.id, error.reason) for failed, error in failures.items()] == [("m-bad", Reason.EVENT_NOT_ACCEPTED)]
    assert [kept.message.id for kept in copier.telemetry.kept] == ["m-good"]


def test_a_failure_whose_event_was_not_accepted_is_not_dead_lettered_yet(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A", storage_class="GLACIER")
    copier.bus.refused_keys = {"k"}

    assert set(copier.work(object_created(upload))) == {"m-1"}
    assert copier.queue.letters == []


def test_a_letter_that_the_dlq_did_not_accept_stays_in_its_queue(copier: Copier) -> None:
    copier.queue.down = True

    assert set(copier.work("not json")) == {"m-1"}
    assert copier.telemetry.kept == []


def overwritten_while_an_earlier_try_was_dying(copier: Copier) -> Upload:
    older = copier.s3.upload("in", "k", b"A")
    copier.work(object_created(older))
    copier.s3.upload("in", "k", b"B")
    return older


@pytest.mark.parametrize("receive_count", [1, 2])
def test_a_superseded_upload_copies_the_newest_only_when_it_was_tried_before(
    copier: Copier, receive_count: int
) -> None:
    older = overwritten_while_an_earlier_try_was_dying(copier)
    copier.clock.sleep(5)

    copier.work(object_created(older), receive_count=receive_count)

    held = copier.s3.at("s3://out/copies/k")
    assert held is not None
    assert held.body == (b"A" if receive_count == 1 else b"B")


def test_a_message_that_comes_long_after_its_upload_counts_as_tried_before(copier: Copier) -> None:
    """A redriven message starts at receive count 1 again."""
    older = overwritten_while_an_earlier_try_was_dying(copier)
    copier.clock.now += timedelta(hours=9)

    copier.work(object_created(older), receive_count=1)

    held = copier.s3.at("s3://out/copies/k")
    assert held is not None
    assert held.body == b"B"


def test_a_requested_copy_has_a_record_of_its_own_that_names_who_asked(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"A")
    copier.work(object_created(upload))
    request = CopyRequest(
        upload=upload, trigger=Trigger.BACKFILL, request_id="r-1", requested_by="arn:aws:iam::1:role/x"
    )

    copier.work(copy_requested(request), message_id="m-2")

    by_upload, by_request = copier.bus.accepted
    assert by_upload.log_id != by_request.log_id
    assert (by_request.trigger, by_request.request_id, by_request.requested_by) == (
        Trigger.BACKFILL,
        "r-1",
        "arn:aws:iam::1:role/x",
    )


def test_an_unfinished_copy_is_put_back_into_the_queue_before_its_message_goes(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"x" * 25)
    copier.copy_in_parts(PartSizes(threshold=10, part=10))
    seconds = iter([900.0, 900.0, 900.0])

    performed = copier.worker.perform(message(object_created(upload)), lambda: next(seconds, 5.0))
    assert copier.worker.publish([performed]) == {}

    assert copier.bus.accepted == []
    [body] = copier.queue.sent
    assert copier.work(body, message_id="m-2") == {}
    [told] = copier.bus.accepted
    assert (told.outcome, told.method, told.parts) == (Outcome.COPIED, "UploadPartCopy", 3)
    assert told.upload == upload
    assert copier.s3.requests.count("begin") == 1


def test_a_continued_copy_keeps_the_log_id_of_its_upload(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"x" * 25)
    copier.work(object_created(upload))
    copier.copy_in_parts(PartSizes(threshold=10, part=10))
    seconds = iter([900.0, 900.0, 900.0])
    performed = copier.worker.perform(message(object_created(upload)), lambda: next(seconds, 5.0))
    copier.worker.publish([performed])
    copier.work(copier.queue.sent[0], message_id="m-2")

    assert len({told.log_id for told in copier.bus.accepted}) == 1


def test_a_replay_that_takes_several_messages_is_told_as_a_replay(copier: Copier) -> None:
    eve = "arn:aws:iam::1:user/eve"
    copier.copy_in_parts(PartSizes(threshold=10, part=10))
    letter = message(object_created(copier.s3.upload("in", "k", b"x" * 25)))
    seconds = iter([900.0, 900.0, 900.0])
    replayed = replace(letter, past=Past(attempts=5, replayed_by=eve, replay_operation="o-1"))
    copier.worker.publish([copier.worker.perform(replayed, lambda: next(seconds, 5.0))])
    copier.work(copier.queue.sent[0], message_id="m-2")

    [told] = copier.bus.accepted
    assert (told.outcome, told.trigger, told.requested_by) == (Outcome.COPIED, Trigger.REPLAY, eve)
    assert told.operation_id == "o-1"


def test_a_continuation_that_the_queue_did_not_accept_keeps_its_message(copier: Copier) -> None:
    upload = copier.s3.upload("in", "k", b"x" * 25)
    copier.copy_in_parts(PartSizes(threshold=10, part=10))
    seconds = iter([900.0, 900.0, 900.0])
    performed = copier.worker.perform(message(object_created(upload)), lambda: next(seconds, 5.0))
    copier.queue.down = True

    assert set(copier.worker.publish([performed])) == {performed.message}
    assert copier.s3.open_uploads == {}


def a_deletion(key: str) -> str:
    return envelope("aws.s3", "Object Deleted", {"bucket": {"name": "in"}, "object": {"key": key, "sequencer": "F"}})


def test_a_deletion_on_a_route_that_does_not_follow_deletions_touches_nothing(copier: Copier) -> None:
    copier.work(object_created(copier.s3.upload("in", "k", b"A")))
    copier.s3.delete("in", "k")

    assert copier.work(a_deletion("k"), message_id="m-2") == {}

    assert copier.s3.at("s3://out/copies/k") is not None
    assert [letter.error.reason for letter in copier.queue.letters] == [Reason.UNSUPPORTED_EVENT]


def test_a_deletion_that_was_followed_has_an_outcome_of_its_own(copier: Copier) -> None:
    copier.follow_deletions()
    copier.work(object_created(copier.s3.upload("in", "k", b"A")))
    copier.s3.delete("in", "k")

    copier.work(a_deletion("k"), message_id="m-2")

    copied, deleted = copier.bus.accepted
    assert (deleted.outcome, deleted.trigger, deleted.reason) == (Outcome.DELETED, Trigger.DELETE, None)
    assert deleted.log_id != copied.log_id
