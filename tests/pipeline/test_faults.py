"""What the system does when AWS, a message or a process fails: nothing is lost."""

from collections.abc import Callable

import pytest

from localaws.embedded import NotQuietError
from shared.events import Outcome
from tests.fakes.bodies import envelope, object_created
from tests.fakes.clock import FakeClock
from tests.fakes.s3 import FakeS3
from tests.interception import InterceptedRequest, Reply, intercept, put_events_partial, s3_error, throttled_s3
from tests.pipeline.trail import Trail

Once = Callable[[Callable[[], object]], Callable[[], None]]


def is_call(request: InterceptedRequest, service: str, operation: str) -> bool:
    return (request.service, request.operation) == (service, operation)


def test_entries_that_put_events_refuses_are_sent_again(trail: Trail) -> None:
    refused: list[int] = []

    def refuse_the_first(request: InterceptedRequest) -> Reply | None:
        if is_call(request, "events", "PutEvents") and len(refused) < 2:
            refused.append(1)
            return put_events_partial(request, failed=[0])
        return None

    with intercept(trail.aws, refuse_the_first):
        for number in range(5):
            trail.upload(f"partial/{number}")
        trail.skip_delays_until_quiet()

    assert len(refused) == 2
    for number in range(5):
        assert [record.outcome for record in trail.records(f"partial/{number}")] == [Outcome.COPIED]


def test_an_upload_whose_event_is_never_accepted_stays_in_the_queue_until_it_is(trail: Trail) -> None:
    def refuse_all(request: InterceptedRequest) -> Reply | None:
        if is_call(request, "events", "PutEvents"):
            return put_events_partial(request, failed=range(10))
        return None

    with intercept(trail.aws, refuse_all):
        trail.upload("stubborn")
        wait_for_log(trail, "delivery failed")
        assert trail.records("stubborn") == []
    trail.skip_delays_until_quiet()

    [record] = trail.records("stubborn")
    assert record.outcome == Outcome.COPIED
    assert record.attempt > 1


def test_a_throttled_s3_is_asked_again_until_it_answers(trail: Trail) -> None:
    throttled: list[str] = []

    def throttle(request: InterceptedRequest) -> Reply | None:
        # More often than boto3 tries: the message itself has to come again.
        if is_call(request, "s3", "CopyObject") and len(throttled) < 4:
            throttled.append(request.key)
            return throttled_s3()
        return None

    with intercept(trail.aws, throttle):
        trail.upload("slow")
        trail.skip_delays_until_quiet()

    [record] = trail.records("slow")
    assert (record.outcome, record.attempt) == (Outcome.COPIED, 2)
    assert len(throttled) == 4


def test_what_never_stops_failing_is_explained_after_the_last_receive(trail: Trail) -> None:
    def fail(request: InterceptedRequest) -> Reply | None:
        # A code that nobody knows counts as transient, and boto3 does not retry it.
        return s3_error("SomethingNew", "Not today.", 400) if is_call(request, "s3", "CopyObject") else None

    with intercept(trail.aws, fail):
        trail.upload("hopeless")
        trail.skip_delays_until_quiet()

    [record] = trail.records("hopeless")
    [letter] = trail.letters()
    assert (record.outcome, record.reason, record.attempt) == (Outcome.FAILED, "SomethingNew", 5)
    assert (letter["LogID"], letter["Reason"], letter["Attempts"]) == (record.log_id, "SomethingNew", "5")


def test_an_upload_that_is_denied_until_the_permission_takes_effect_is_copied(trail: Trail) -> None:
    denied: list[int] = []

    def deny_at_first(request: InterceptedRequest) -> Reply | None:
        if is_call(request, "s3", "CopyObject") and len(denied) < 2:
            denied.append(1)
            return s3_error("AccessDenied", "Access Denied", 403)
        return None

    with intercept(trail.aws, deny_at_first):
        trail.upload("too-early")
        trail.skip_delays_until_quiet()

    [record] = trail.records("too-early")
    assert (record.outcome, record.attempt) == (Outcome.COPIED, 3)
    assert trail.letters() == []


def test_an_upload_that_stays_denied_is_explained_before_the_last_receive(trail: Trail) -> None:
    def deny(request: InterceptedRequest) -> Reply | None:
        return s3_error("AccessDenied", "Access Denied", 403) if is_call(request, "s3", "CopyObject") else None

    with intercept(trail.aws, deny):
        trail.upload("forbidden")
        trail.skip_delays_until_quiet()

    [record] = trail.records("forbidden")
    [letter] = trail.letters()
    assert (record.outcome, record.reason, record.attempt) == (Outcome.FAILED, "AccessDenied", 4)
    assert (letter["LogID"], letter["Reason"]) == (record.log_id, "AccessDenied")


def test_bodies_that_are_no_uploads_are_dead_lettered_and_their_neighbours_copied(trail: Trail) -> None:
    elsewhere = object_created(FakeS3(FakeClock()).upload("some-other-bucket", "k", b"x"))
    trail.copier.pause()
    trail.upload("neighbour/1")
    trail.send("this is no JSON", envelope("aws.s3", "Object Tags Added", {}), elsewhere)
    trail.upload("neighbour/2")
    trail.copier.resume()
    trail.wait_until_quiet()

    assert (trail.copy_of("neighbour/1"), trail.copy_of("neighbour/2")) == (b"body", b"body")
    letters = {letter["Reason"]: letter for letter in trail.letters()}
    assert letters.keys() == {"MalformedEvent", "UnsupportedEvent", "NoRoute"}
    assert letters["MalformedEvent"]["Body"] == "this is no JSON"
    [record] = trail.records("k", bucket="some-other-bucket")
    assert (record.outcome, record.log_id) == (Outcome.FAILED, letters["NoRoute"]["LogID"])


def test_a_copier_killed_between_copy_and_event_loses_nothing(trail: Trail, once: Once) -> None:
    killed: list[bytes | None] = []

    def kill() -> None:
        killed.append(trail.copy_of("crash/copier"))
        trail.copier.kill()

    kill_once = once(kill)

    def kill_before_the_event(request: InterceptedRequest) -> Reply | None:
        if not is_call(request, "events", "PutEvents") or killed:
            return None
        kill_once()
        return Reply(500)

    with intercept(trail.aws, kill_before_the_event):
        trail.upload("crash/copier", b"precious")
        trail.skip_delays_until_quiet()

    assert killed == [b"precious"], "the copy was there when the process was killed"
    assert trail.copy_of("crash/copier") == b"precious"
    [record] = trail.records("crash/copier")
    assert (record.outcome, record.attempt) == (Outcome.COPIED, 2)


def test_a_copier_killed_after_a_stale_overwrite_heals_it_when_the_message_comes_again(trail: Trail) -> None:
    """A → B → A at the destination while B is being copied: If-Match sees nothing, and `verify_source` never runs."""
    key = "crash/stale"
    trail.upload(key, b"A")
    trail.wait_until_quiet()
    stale: list[bytes | None] = []

    def overtake_then_kill(request: InterceptedRequest) -> Reply | None:
        """Between S3's read of B and its commit, others copy B, upload A again, copy it, and are done with it.

        The server here copies in one step, so what it all ends in is made in another order.
        """
        if stale or request.key != key:
            return None
        if is_call(request, "s3", "CopyObject") and "if-match" in request.headers:
            trail.copier.pause()
            overwritten = request.forward()
            trail.upload(key, b"A")
            trail.take_all("CopyQueueUrl")
            stale.append(trail.copy_of(key))
            trail.copier.kill()
            return overwritten
        return None

    with intercept(trail.aws, overtake_then_kill):
        trail.upload(key, b"B")
        while not stale:
            trail.wait_a_moment()
    assert stale == [b"B"], "the older upload was put on top of the newer one"
    trail.copier.resume()
    trail.skip_delays_until_quiet()

    assert trail.copy_of(key) == b"A"


def test_an_auditor_killed_before_its_write_loses_nothing(trail: Trail, once: Once) -> None:
    killed: list[int] = []
    kill_once = once(trail.auditor.kill)

    def kill_before_the_write(request: InterceptedRequest) -> Reply | None:
        if not is_call(request, "dynamodb", "PutItem") or killed:
            return None
        killed.append(1)
        kill_once()
        return Reply(500)

    with intercept(trail.aws, kill_before_the_write):
        trail.upload("crash/auditor")
        trail.skip_delays_until_quiet()

    assert killed == [1]
    assert [record.outcome for record in trail.records("crash/auditor")] == [Outcome.COPIED]


def test_a_copier_that_dies_every_time_leaves_a_letter_without_a_reason(trail: Trail) -> None:
    def kill_always(request: InterceptedRequest) -> Reply | None:
        if is_call(request, "s3", "CopyObject"):
            trail.copier.kill()
            return Reply(500)
        return None

    with intercept(trail.aws, kill_always):
        trail.upload("deadly")
        trail.skip_delays_until_quiet()

    [letter] = trail.letters()
    assert '"deadly"' in letter.pop("Body")
    assert letter == {}
    assert trail.records("deadly") == []


def wait_for_log(trail: Trail, message: str) -> None:
    seen = len(trail.copier.log_lines())
    for _ in range(200):
        if any(message in line for line in trail.copier.log_lines()[seen:]):
            return
        try:
            trail.aws.wait_until_quiet(timeout_s=0.05)
        except NotQuietError:
            continue
    pytest.fail(f"the copier never logged '{message}'")
