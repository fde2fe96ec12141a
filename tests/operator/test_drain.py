"""Taking a stack down: what is under way is copied and recorded first, and nothing is lost with the queues."""

import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest

from localaws.embedded import EmbeddedAws
from shared import times
from shared.events import Outcome
from tests.operator.conftest import Desk

# Where counts are not late.
AT_ONCE = ("--yes", "--empty-for", "1s")


def rules(desk: Desk) -> set[str]:
    """The states of the rules that feed the copy queue."""
    events = desk.aws.client("events")
    buses = ("default", desk.outputs["TransferBusName"])
    found = [rule for bus in buses for rule in events.list_rules(EventBusName=bus)["Rules"]]
    return {rule["State"] for rule in found if "Object Copied" not in rule["EventPattern"]}


def takes(desk: Desk) -> list[str]:
    """The states of the copier's mapping and the auditor's."""
    mappings = (desk.outputs[f"{function}MappingId"] for function in ("Copier", "Auditor"))
    return [desk.aws.client("lambda").get_event_source_mapping(UUID=each)["State"] for each in mappings]


def disable(desk: Desk, *functions: str) -> None:
    """Have functions take nothing from their queues, as a person would."""
    for function in functions:
        desk.aws.client("lambda").update_event_source_mapping(UUID=desk.outputs[f"{function}MappingId"], Enabled=False)


@pytest.fixture
def undone(desk: Desk) -> Iterator[Desk]:
    """The desk, at work again after the test."""
    yield desk
    desk.run("drain", "--undo", "--yes")


def test_what_is_queued_is_copied_and_recorded_and_the_deleted_stack_takes_nothing_with_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with EmbeddedAws() as aws:
        desk = Desk(aws, aws.deploy(), tmp_path_factory.mktemp("home"))
        disable(desk, "Copier", "Auditor")
        keys = [f"queued/{number}" for number in range(15)]
        for key in keys:
            desk.upload(key)

        drained = desk.run("drain", *AT_ONCE)
        aws.client("cloudformation").delete_stack(StackName=aws.stack_name)

        assert drained.returncode == 0, drained.stderr
        assert drained.stdout == "'copytrail' is drained: nothing is under way, and it may be deleted\n"
        assert "copy queue: 15 messages" in drained.stderr
        assert desk.sqs.list_queues().get("QueueUrls") is None
        assert [desk.copy_of(key) for key in keys] == [b"body"] * len(keys)
        assert [record.outcome for key in keys for record in desk.records(key)] == [Outcome.COPIED] * len(keys)
        hour = timedelta(hours=1)
        operations = desk.query.operations(times.now() - hour, times.now() + hour)
        assert {(each.operation, each.stage) for each in operations} == {("Drain", "Started"), ("Drain", "Completed")}


def test_a_drained_stack_copies_nothing_until_that_is_undone(undone: Desk) -> None:
    assert undone.run("drain", *AT_ONCE).returncode == 0
    assert (rules(undone), takes(undone)) == ({"DISABLED"}, ["Disabled", "Enabled"])
    undone.upload("meanwhile")
    again = undone.run("drain", *AT_ONCE)
    assert again.returncode == 0, again.stderr

    assert undone.run("drain", "--undo", "--yes").returncode == 0
    assert (rules(undone), takes(undone)) == ({"ENABLED"}, ["Enabled", "Enabled"])
    undone.upload("afterwards")
    undone.wait_until_quiet()
    assert (undone.copy_of("meanwhile"), undone.copy_of("afterwards")) == (None, b"body")


def test_dead_letters_keep_a_stack_up_and_nothing_is_stopped(desk: Desk) -> None:
    desk.send("what nobody has looked at", queue="AuditDlqUrl")
    refused = desk.run("drain", *AT_ONCE)
    assert refused.returncode == 1
    assert refused.stderr == (
        "Error: 1 dead letter would be deleted with the stack (audit 1): replay, drop or export them with `copytrail"
        " dlq`, or add --discard-dead-letters\n"
    )
    assert (rules(desk), takes(desk)) == ({"ENABLED"}, ["Enabled", "Enabled"])


def test_what_fails_while_the_stack_is_drained_keeps_it_up_as_well(undone: Desk) -> None:
    disable(undone, "Copier")
    undone.s3.put_object(Bucket=undone.source, Key="cold", Body=b"body", StorageClass="GLACIER")
    refused = undone.run("drain", *AT_ONCE)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("Error: 1 dead letter would be deleted with the stack (copy 1)")


def test_ctrl_c_says_how_to_go_on_and_how_to_undo(undone: Desk) -> None:
    disable(undone, "Copier")
    undone.send("never taken")
    # Somebody else has it.
    undone.sqs.receive_message(QueueUrl=undone.outputs["CopyQueueUrl"], VisibilityTimeout=600)
    with undone.popen("drain", *AT_ONCE) as running:
        for line in running.stderr:
            if "1 message" in line:
                break
        running.send_signal(signal.SIGINT)
        told = running.stderr.read()
        assert running.wait(20) == 130
    assert "`copytrail drain` goes on from here, and `copytrail drain --undo` has uploads copied again" in told
    assert rules(undone) == {"DISABLED"}


def test_a_queue_that_does_not_become_empty_is_named(undone: Desk) -> None:
    disable(undone, "Copier")
    undone.send("never taken")
    undone.sqs.receive_message(QueueUrl=undone.outputs["CopyQueueUrl"], VisibilityTimeout=600)
    refused = undone.run("drain", *AT_ONCE, "--give-up-after", "1s")
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1] == (
        "Error: the copy queue is not empty after 1.0 s, it has 1 message: look with `copytrail status`"
    )


def test_a_stack_that_cannot_be_deleted_is_not_stopped(desk: Desk) -> None:
    protect = desk.aws.client("cloudformation").update_termination_protection
    protect(StackName=desk.aws.stack_name, EnableTerminationProtection=True)
    refused = desk.run("drain", *AT_ONCE)
    protect(StackName=desk.aws.stack_name, EnableTerminationProtection=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: 'copytrail' is protected from deletion, and goes on: ")
    assert (rules(desk), takes(desk)) == ({"ENABLED"}, ["Enabled", "Enabled"])


def test_nobody_to_ask_is_a_wrong_use(desk: Desk) -> None:
    refused = desk.run("drain")
    assert refused.returncode == 2
    assert "add --yes" in refused.stderr
    assert takes(desk) == ["Enabled", "Enabled"]
