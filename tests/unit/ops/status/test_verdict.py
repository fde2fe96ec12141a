"""The verdict says in words whether all is well, and what to do if not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ops.aws.sqs import QueueAttributes
from ops.doctor.check import Finding, Result
from ops.status.checks import Reasons, RecentTransfers
from ops.status.snapshot import QueueState, Snapshot, Unavailable
from ops.status.verdict import Health, Verdict, assess, dead_letters_shown, reasons_shown
from tests.unit.ops.status.examples import recent

NOTHING = QueueAttributes(0, 0, 0)
REFUSED = Unavailable("AccessDenied: sqs:GetQueueAttributes on copy: no")


def queue(
    name: str,
    *,
    depth: QueueAttributes | Unavailable = NOTHING,
    oldest_s: float | Unavailable | None = None,
    dead: QueueAttributes | Unavailable = NOTHING,
    reasons: Reasons | Unavailable | None = None,
) -> QueueState:
    return QueueState(name, f"/aws/lambda/{name}", depth, oldest_s, dead, reasons or Reasons({}))


def verdict(
    *queues: QueueState,
    transfers: RecentTransfers | Unavailable | None = None,
    behind_s: int = 900,
    delivery: Sequence[Finding] = (),
) -> Verdict:
    found = {each.name: each for each in (queue("copy"), queue("audit"), *queues)}
    snapshot = Snapshot(
        datetime(2026, 11, 23, 10, tzinfo=UTC),
        tuple(found.values()),
        transfers or recent(None, {}, 0, at_least=False),
        delivery,
    )
    return assess(snapshot, behind=timedelta(seconds=behind_s))


def test_nothing_anywhere_is_healthy() -> None:
    assert str(verdict()) == "Healthy: there are no dead letters, and nothing is waiting"


def test_messages_on_the_way_are_healthy() -> None:
    found = verdict(
        queue("copy", depth=QueueAttributes(1000, 20, 3), oldest_s=899.0),
        queue("audit", depth=QueueAttributes(1, 0, 0)),
    )
    assert str(found) == "Healthy: there are no dead letters, and 1,024 messages are on the way"
    assert str(verdict(queue("copy", depth=QueueAttributes(1, 0, 0)))).endswith("1 message is on the way")


def test_a_dead_letter_is_not_healthy_whatever_its_state_and_says_how_to_show_it() -> None:
    for dead in (QueueAttributes(1, 0, 0), QueueAttributes(0, 1, 0), QueueAttributes(0, 0, 1)):
        found = verdict(queue("copy", dead=dead, reasons=Reasons({"AccessDenied": 1})))
        assert str(found) == "Not healthy: 1 dead letter in the copy DLQ (AccessDenied 1): `copytrail dlq ls`"


def test_dead_letters_of_the_audit_queue_are_shown_with_its_option() -> None:
    found = verdict(queue("audit", dead=QueueAttributes(1234, 0, 0), reasons=Reasons({"LogIdConflict": 1000})))
    assert found.why == (
        "1,234 dead letters in the audit DLQ (of 1,000 of them: LogIdConflict 1,000): `copytrail dlq ls --queue audit`"
    )


@pytest.mark.parametrize(("oldest_s", "health"), [(899.9, Health.HEALTHY), (900.0, Health.NOT_HEALTHY)])
def test_a_queue_is_behind_from_the_threshold_on(oldest_s: float, health: Health) -> None:
    assert verdict(queue("copy", depth=QueueAttributes(1, 0, 0), oldest_s=oldest_s)).health is health


def test_a_queue_that_is_behind_says_for_how_long_and_where_it_says_why() -> None:
    found = verdict(queue("audit", depth=QueueAttributes(5, 0, 0), oldest_s=1020.0), behind_s=60)
    assert str(found) == "Not healthy: the audit queue is 17 min behind: `aws logs tail /aws/lambda/audit` shows why"


def test_all_that_is_wrong_is_said() -> None:
    found = verdict(
        queue("copy", oldest_s=7200.0, dead=QueueAttributes(2, 0, 0)), queue("audit", dead=QueueAttributes(1, 0, 0))
    )
    assert found.why.count("; ") == 2


@pytest.mark.parametrize(
    "unavailable",
    [
        queue("copy", depth=REFUSED),
        queue("copy", oldest_s=REFUSED),
        queue("audit", dead=REFUSED, reasons=REFUSED),
    ],
)
def test_what_could_not_be_read_is_not_taken_for_healthy(unavailable: QueueState) -> None:
    assert verdict(unavailable).health is Health.UNCLEAR


def test_what_keeps_uploads_away_comes_first_and_where_it_says_what_to_type() -> None:
    wrong = Finding(subject="rule r", state=Result.WRONG, message="it is disabled", command="aws events enable-rule")
    found = verdict(queue("copy", dead=QueueAttributes(1, 0, 0)), delivery=[wrong, wrong, wrong])
    assert str(found) == (
        "Not healthy: rule r: it is disabled, and 2 more: `copytrail doctor` says what to type;"
        " 1 dead letter in the copy DLQ: `copytrail dlq ls`"
    )


def test_whether_uploads_arrive_is_not_taken_for_granted_where_it_could_not_be_seen() -> None:
    unknown = Finding(subject="rule r", state=Result.UNKNOWN, message="AccessDenied: no")
    found = verdict(delivery=[unknown, Finding(subject="rule s", state=Result.FINE)])
    assert (found.health, found.why) == (
        Health.UNCLEAR,
        "nothing is known to be wrong, but could not read rule r: AccessDenied: no",
    )


def test_a_table_that_could_not_be_read_is_not_taken_for_healthy_either() -> None:
    assert verdict(transfers=REFUSED).health is Health.UNCLEAR


def test_what_is_known_to_be_wrong_is_said_even_if_not_everything_could_be_read() -> None:
    found = verdict(queue("copy", depth=REFUSED, dead=QueueAttributes(1, 0, 0), reasons=REFUSED))
    assert str(found) == "Not healthy: 1 dead letter in the copy DLQ: `copytrail dlq ls`"


def test_failures_without_letters_were_seen_to() -> None:
    assert verdict(transfers=recent(None, {"AccessDenied": 5}, 100, at_least=False)).health is Health.HEALTHY


def test_the_commonest_reasons_come_first_and_the_rest_together() -> None:
    assert reasons_shown({"C": 1, "A": 1, "B": 2000, "D": 1, "E": 1}) == "B 2,000, A 1, C 1, other reasons 2"
    assert reasons_shown({}) == ""


def test_letters_that_another_command_holds_are_left_alone() -> None:
    shown = dead_letters_shown(QueueAttributes(1, 4, 0), Reasons({}, in_use=True))
    assert shown == "another command is reading or replaying them"
