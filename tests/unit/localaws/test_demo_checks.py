"""The demo says what is wrong, and is silent about what is right."""

from typing import Any

import pytest

from localaws.demo.checks import dead_letter_problems, misfits, unlike
from localaws.demo.samples import Sample, samples

EVERY = {sample.label: sample for sample in samples()}
COPIED, EITHER, GONE, ARCHIVED = (
    EVERY[label] for label in ("0 bytes", "overwrite 9 of 10", "deleted at once", "archived, must fail")
)


def a_record(outcome: str, reason: str | None = None, message: str | None = "because") -> dict[str, Any]:
    return {"Outcome": outcome, "Reason": reason, "Message": message}


def a_message(log_id: str) -> dict[str, Any]:
    words = {"LogID": log_id, "Reason": "Archived", "Message": "Restore it."}
    return {"MessageAttributes": {name: {"StringValue": value} for name, value in words.items()}}


@pytest.mark.parametrize(
    ("sample", "record"),
    [
        (COPIED, a_record("Copied")),
        (EITHER, a_record("Copied")),
        (EITHER, a_record("Skipped", "Superseded")),
        (GONE, a_record("Skipped", "SourceDeleted")),
        (ARCHIVED, a_record("Failed", "Archived")),
    ],
)
def test_a_right_record_is_no_problem(sample: Sample, record: dict[str, Any]) -> None:
    assert list(misfits(sample, record)) == []


@pytest.mark.parametrize(
    ("sample", "record", "problem"),
    [
        (COPIED, a_record("Skipped", "Superseded"), "Skipped (Superseded) instead of Copied"),
        (COPIED, a_record("Failed", "Archived"), "Failed (Archived) instead of Copied"),
        (EITHER, a_record("Failed", "AccessDenied"), "Failed (AccessDenied) instead of Copied or Skipped"),
        (EITHER, a_record("Skipped", "SourceDeleted"), "Skipped because of SourceDeleted instead of Superseded"),
        (GONE, a_record("Skipped", "Superseded"), "Skipped because of Superseded instead of SourceDeleted"),
        (ARCHIVED, a_record("Failed", "AccessDenied"), "Failed because of AccessDenied instead of Archived"),
        (ARCHIVED, a_record("Copied"), "Copied (None) instead of Failed"),
        (GONE, a_record("Skipped", "SourceDeleted", None), "Skipped without a reason and a message"),
    ],
)
def test_a_wrong_record_is_named(sample: Sample, record: dict[str, Any], problem: str) -> None:
    assert list(misfits(sample, record)) == [problem]


def test_a_copy_is_like_its_original_in_every_property() -> None:
    original = {"ContentType": "text/html", "Metadata": {"a": "b"}, "ETag": "one"}
    assert list(unlike(original, {**original, "ETag": "another"})) == []
    assert list(unlike(original, {**original, "Metadata": {}})) == ["Metadata is {} instead of {'a': 'b'}"]


def test_one_dead_lettered_message_for_each_failure_is_no_problem() -> None:
    assert list(dead_letter_problems([a_message("1"), a_message("2")], ["2", "1"])) == []


@pytest.mark.parametrize(
    ("messages", "failed", "problem"),
    [
        ([a_message("1"), {"Body": "?"}], ["1"], "1 of 2 dead-lettered messages do not say why they are there"),
        ([a_message("1"), a_message("1")], ["1"], "dead-lettered messages without a failed record: ['1']"),
        ([], ["1"], "failed records without a dead-lettered message that says why: ['1']"),
    ],
)
def test_a_message_too_many_too_few_or_without_a_reason_is_a_problem(
    messages: list[dict[str, Any]], failed: list[str], problem: str
) -> None:
    assert list(dead_letter_problems(messages, failed)) == [problem]
