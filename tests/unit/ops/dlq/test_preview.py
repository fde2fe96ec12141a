"""The preview before letters are touched."""

from typing import Any

import pytest

from ops.dlq.freshness import Freshness
from ops.dlq.preview import Preview
from ops.dlq.queue import DeadLetterQueue
from ops.dlq.results import Result
from ops.dlq.selection import Selection
from ops.errors import CommandError, IncompleteError, UsageError
from shared.errors import CopytrailError, PermanentError
from shared.events import Upload
from tests.fakes.bodies import object_created
from tests.fakes.outcomes import an_upload
from tests.fakes.sqs_client import DLQ, FakeSqs


class FakeSources:
    """The `Sources` of a preview: what became of uploads, by key; the others are current."""

    def __init__(self, told: dict[str, Freshness | CopytrailError]) -> None:
        self._told = told

    def freshness(self, upload: Upload) -> Freshness:
        """What was said beforehand."""
        told = self._told.get(upload.key, Freshness.CURRENT)
        if isinstance(told, CopytrailError):
            raise told
        return told


@pytest.fixture
def sqs() -> Any:
    return FakeSqs()


def put(sqs: Any, *keys: str, reason: str = "AccessDenied", **more: Any) -> list[str]:
    return [sqs.put(object_created(an_upload(key=key)), {"Reason": reason}, **more) for key in keys]


def previewed(sqs: Any, selection: Selection, **settings: Any) -> tuple[Preview, dict[str, Result]]:
    preview = Preview(selection, **settings)
    return preview, {one.letter.key: one.result for one in preview.fill(DeadLetterQueue(sqs, DLQ))}


def test_what_is_meant_is_found_and_counted_by_its_reason_and_nothing_is_touched(sqs: Any) -> None:
    ids = put(sqs, "in/a", "in/b") + put(sqs, "in/c", reason="Archived")
    put(sqs, "other")
    preview, found = previewed(sqs, Selection(key_prefix="in/"))
    assert found == dict.fromkeys(("in/a", "in/b", "in/c"), Result.SELECTED)
    assert preview.going == set(ids)
    assert preview.reasons == {"AccessDenied": 2, "Archived": 1}
    assert len(sqs.visible()) == 4


def test_what_nobody_wants_any_more_is_left_out(sqs: Any) -> None:
    wanted, _, _ = put(sqs, "wanted", "overwritten", "deleted")
    sources: Any = FakeSources({"overwritten": Freshness.SUPERSEDED, "deleted": Freshness.SOURCE_DELETED})
    preview, found = previewed(sqs, Selection(), sources=sources)
    assert found == {
        "wanted": Result.SELECTED,
        "overwritten": Result.SUPERSEDED,
        "deleted": Result.SOURCE_DELETED,
    }
    assert preview.going == {wanted}
    assert preview.left_out == {Result.SUPERSEDED: 1, Result.SOURCE_DELETED: 1}
    preview, found = previewed(sqs, Selection(), sources=sources, include_superseded=True)
    assert set(found.values()) == {Result.SELECTED}
    assert len(preview.going) == 3


def test_what_could_not_be_checked_goes_and_is_counted(sqs: Any) -> None:
    put(sqs, "a", "b")
    sources: Any = FakeSources({"b": PermanentError("AccessDenied", "no")})
    preview, found = previewed(sqs, Selection(), sources=sources)
    assert found == {"a": Result.SELECTED, "b": Result.NOT_KNOWN}
    assert len(preview.going) == 2
    assert (preview.not_known, preview.why_not_known) == (1, "no (AccessDenied)")


def test_the_limit_counts_what_goes_and_not_what_is_left_out(sqs: Any) -> None:
    put(sqs, *(f"{number:03}" for number in range(200)))
    sources: Any = FakeSources({f"{number:03}": Freshness.SUPERSEDED for number in range(0, 200, 2)})
    preview, _ = previewed(sqs, Selection(limit=50), sources=sources)
    assert len(preview.going) == 50
    assert preview.found == 50 + preview.left_out[Result.SUPERSEDED]
    assert len(sqs.visible()) == 200


def test_letters_that_are_not_ours_are_counted_and_left(sqs: Any) -> None:
    sqs.put("hello")
    preview, found = previewed(sqs, Selection())
    assert (found, len(preview.going), preview.not_ours) == ({}, 0, 1)


def test_an_id_that_nothing_has_is_kept_for_the_person(sqs: Any) -> None:
    [found] = put(sqs, "a", message_id="12345678-1111-4111-8111-111111111111")
    preview, _ = previewed(sqs, Selection(ids=("12345678", "87654321")))
    assert preview.going == {found}
    assert preview.ids_of_nothing == ["87654321"]


def test_an_id_that_was_not_reached_is_not_said_to_be_nobodys(sqs: Any) -> None:
    ids = put(sqs, *(f"{number:03}" for number in range(300)))
    preview, _ = previewed(sqs, Selection(ids=(ids[0], ids[-1]), limit=1))
    preview.check_all("copy DLQ")


def test_an_unknown_id_is_a_failure_and_an_incomplete_preview_where_others_have_received_letters(
    sqs: Any,
) -> None:
    put(sqs, "a")
    preview, _ = previewed(sqs, Selection(ids=("87654321",)))
    with pytest.raises(CommandError, match="no letter of the copy DLQ has the id 87654321") as raised:
        preview.check_all("copy DLQ")
    assert raised.value.exit_code == 1
    receive(sqs)
    preview, _ = previewed(sqs, Selection(ids=("87654321",)))
    with pytest.raises(IncompleteError, match="1 letter cannot be seen at present"):
        preview.check_all("copy DLQ")


def receive(sqs: Any) -> None:
    """Receive letters, as somebody who is then killed."""
    sqs.receive_message(
        QueueUrl=DLQ,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        VisibilityTimeout=30,
        MessageAttributeNames=[],
        MessageSystemAttributeNames=[],
    )


@pytest.mark.parametrize(
    ("attributes", "may_have_copied"),
    [
        ({}, True),
        ({"Reason": "SlowDown"}, True),
        ({"Reason": "AccessDenied"}, False),
        ({"ERROR_CODE": "TIMEOUT"}, False),
    ],
    ids=["crashed", "passing", "permanent", "never delivered"],
)
def test_what_was_superseded_after_it_may_have_been_copied_is_replayed_and_not_dropped(
    sqs: Any, attributes: dict[str, str], may_have_copied: bool
) -> None:
    sqs.put(object_created(an_upload(key="k")), attributes)
    sources: Any = FakeSources({"k": Freshness.SUPERSEDED})
    _, replayed = previewed(sqs, Selection(), sources=sources)
    assert replayed == {"k": Result.SELECTED if may_have_copied else Result.SUPERSEDED}
    preview, dropped = previewed(sqs, Selection(), sources=sources, drops=True)
    assert dropped == {"k": Result.SUPERSEDED if may_have_copied else Result.SELECTED}
    assert len(preview.going) == (not may_have_copied)
    _, dropped = previewed(sqs, Selection(), sources=sources, drops=True, include_superseded=True)
    assert dropped == {"k": Result.SELECTED}


def test_what_was_deleted_since_is_dropped(sqs: Any) -> None:
    sqs.put(object_created(an_upload(key="k")))
    sources: Any = FakeSources({"k": Freshness.SOURCE_DELETED})
    assert previewed(sqs, Selection(), sources=sources, drops=True)[1] == {"k": Result.SELECTED}


def test_the_beginning_of_several_ids_names_none_of_them(sqs: Any) -> None:
    put(sqs, "a", message_id="12345678-1111-4111-8111-111111111111")
    put(sqs, "b", message_id="12345678-2222-4222-8222-222222222222")
    with pytest.raises(UsageError, match="'12345678' is how the ids of several letters begin"):
        previewed(sqs, Selection(ids=("12345678",)))
    assert len(sqs.visible()) == 2
