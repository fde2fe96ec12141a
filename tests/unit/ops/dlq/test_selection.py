"""The selection of letters, as a person types it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ops.dlq.selection import IdMatches, Selection, complete_reason
from ops.errors import UsageError
from tests.fakes.bodies import object_created
from tests.fakes.letters import FAILED, LOG_ID, MESSAGE_ID, UNDELIVERABLE, a_letter
from tests.fakes.outcomes import an_upload

FIRST_SEEN = datetime(2026, 11, 20, 10, tzinfo=UTC)
NOT_OURS = a_letter({}, body="hello")
UNREADABLE = a_letter(FAILED | {"Reason": "MalformedEvent"}, body="hello")


def parsed(*arguments: str) -> Selection:
    """The selection that a command gets."""
    got: list[Selection] = []

    @click.command
    @Selection.options("selection")
    def command(*, selection: Selection) -> None:
        got.append(selection)

    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception:
        raise result.exception
    return got[0]


def test_without_filters_all_of_ours_are_meant_and_nothing_else() -> None:
    assert all(Selection().matches(letter) for letter in (a_letter(), a_letter({}), a_letter(UNDELIVERABLE)))
    assert Selection().matches(UNREADABLE)
    assert not Selection().matches(NOT_OURS)


@pytest.mark.parametrize(
    ("selection", "matches"),
    [
        ({"key_prefix": "rep"}, True),
        ({"key_prefix": "eport"}, False),
        ({"key_glob": "*.csv"}, True),
        ({"key_glob": "*.txt"}, False),
        ({"reasons": ("accessdenied",)}, True),
        ({"reasons": ("Archived", "ACCESSDENIED")}, True),
        ({"reasons": ("Archived",)}, False),
        ({"since": FIRST_SEEN}, True),
        ({"since": FIRST_SEEN.replace(hour=11)}, False),
        ({"until": FIRST_SEEN}, False),
        ({"until": FIRST_SEEN.replace(hour=11)}, True),
        ({"ids": (MESSAGE_ID,)}, True),
        ({"ids": (MESSAGE_ID[:8],)}, True),
        ({"ids": (LOG_ID,)}, True),
        ({"ids": ("ffffffff", LOG_ID[:8])}, True),
        ({"ids": (MESSAGE_ID[1:],)}, False),
        ({"ids": (MESSAGE_ID,), "reasons": ("Archived",)}, False),
        ({"limit": 1}, True),
    ],
)
def test_every_filter_narrows_it_down(selection: dict[str, Any], matches: bool) -> None:
    assert Selection(**selection).matches(a_letter()) is matches


def test_no_reason_recorded_is_the_reason_of_those_that_have_none() -> None:
    assert Selection(reasons=("noreasonrecorded",)).matches(a_letter({}))
    assert not Selection(reasons=("noreasonrecorded",)).matches(a_letter())


def test_a_letter_that_is_not_ours_is_meant_only_by_its_id_or_its_reason() -> None:
    for selection in (Selection(ids=(MESSAGE_ID[:8],)), Selection(reasons=("notours",))):
        assert selection.matches(NOT_OURS)
    for selection in (Selection(), Selection(since=FIRST_SEEN), Selection(reasons=("AccessDenied",))):
        assert not selection.matches(NOT_OURS)


def test_a_reason_is_taken_as_it_is_shown() -> None:
    letter = a_letter(FAILED | {"Reason": "odd\x1b\u202e"})
    assert Selection(reasons=("odd\\x1b\\u202e",)).shows(letter)
    assert Selection(reasons=("odd\x1b\u202e",)).shows(letter)


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        (Selection(ids=(MESSAGE_ID[:8],), reasons=("Other",)), "--reason: its reason is AccessDenied"),
        (
            Selection(ids=(MESSAGE_ID[:8],), key_prefix="x"),
            "--key-prefix: its key is 'report.csv'",
        ),
        (
            Selection(ids=(MESSAGE_ID[:8],), since=FIRST_SEEN + timedelta(days=1)),
            "--since: it was first seen at 2026-11-20T10:00:00.000Z",
        ),
    ],
)
def test_what_excludes_a_letter_that_an_id_names_is_known(selection: Selection, why: str) -> None:
    matches = IdMatches(selection)
    matches.take(a_letter())
    assert list(matches.excluded) == [f"letter {MESSAGE_ID} is excluded by {why}"]
    assert matches.of_nothing == []


def test_the_shell_completes_reasons_in_any_case() -> None:
    def completed(text: str) -> list[str]:
        return complete_reason(click.Context(click.Command("ls")), click.Option(["--reason"]), text)

    assert completed("not") == ["NotOurs"]
    assert {"NoReasonRecorded", "NoRoute"} <= set(completed("no"))
    assert "AccessDenied" in completed("")


@pytest.mark.parametrize("filters", [{"reasons": ("x",)}, {"ids": (MESSAGE_ID,)}])
def test_all_and_a_filter_contradict_each_other(filters: Any) -> None:
    Selection(limit=5).check_all(everything=True)
    Selection(**filters).check_all(everything=False)
    with pytest.raises(UsageError, match="--all is every letter"):
        Selection(**filters).check_all(everything=True)


def test_where_letters_are_only_shown_those_that_are_not_ours_are_shown_too() -> None:
    assert Selection().shows(NOT_OURS)
    assert Selection(reasons=("notours",)).shows(NOT_OURS)
    assert not Selection(key_prefix="rep").shows(NOT_OURS)
    assert not Selection(ids=("ffffffff",)).shows(NOT_OURS)


def test_it_is_told_as_a_person_would_write_it() -> None:
    selection = parsed(
        *("--key-glob", "*.csv", "--reason", "A", "--reason", "B c", "--since", "2026-11-20"),
        *("--id", MESSAGE_ID[:8].upper(), "--limit", "3"),
    )

    assert selection.described() == {
        "key-glob": "*.csv",
        "reason": "A, B c",
        "since": "2026-11-20T00:00:00.000Z",
        "id": MESSAGE_ID[:8],
        "limit": "3",
    }
    assert selection.as_options() == (
        "--key-glob '*.csv' --reason A --reason 'B c' --since 2026-11-20T00:00:00.000Z --id 9f1c22ab --limit 3"
    )
    assert (Selection().described(), Selection().as_options()) == ({}, "")


@pytest.mark.parametrize("text", ["", "9f1c22a", "9f1c22ag", "report.csv", MESSAGE_ID + "0"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a message id or LogID"):
        parsed("--id", text)


def test_a_span_that_holds_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="is not before --until"):
        parsed("--since", "2026-11-20", "--until", "2026-11-20")


def test_the_beginning_of_several_letters_ids_is_refused() -> None:
    matches = IdMatches(Selection(ids=(MESSAGE_ID[:8], LOG_ID[:8])))
    matches.take(a_letter())
    matches.check()

    twin = MESSAGE_ID[:-1] + "f"
    matches.take(a_letter({}, id=twin, body=object_created(an_upload(key="other"))))
    with pytest.raises(UsageError, match=f"'{MESSAGE_ID[:8]}' is how .* name one of {MESSAGE_ID}, {twin}$"):
        matches.check()


def test_a_whole_log_id_may_name_several_letters() -> None:
    twice = [a_letter({}, id=f"{number}f1c22ab-0d7e-4f0e-8a34-5b1b8f6f2a10") for number in range(2)]
    assert twice[0].log_id == twice[1].log_id
    matches = IdMatches(Selection(ids=(str(twice[0].log_id),)))
    for letter in twice:
        matches.take(letter)
    matches.check()
