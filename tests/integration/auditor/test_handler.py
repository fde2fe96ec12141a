"""A batch from SQS ends in the audit table, in the dead-letter queue, or comes again."""

import json
from typing import Any

import pytest

from shared.audit_log.record import Record
from tests.fakes.outcomes import an_upload, body, copied, failed, skipped
from tests.integration.auditor.conftest import Deployed


def metrics_in(printed: str) -> dict[str, float]:
    """The sums of the EMF metrics in what a function printed."""
    sums: dict[str, float] = {}
    for line in printed.splitlines():
        blob: dict[str, Any] = json.loads(line)
        for definition in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            value = blob[definition["Name"]]
            sums[definition["Name"]] = sums.get(definition["Name"], 0) + sum(
                value if isinstance(value, list) else [value]
            )
    sums.pop("ColdStart", None)
    return sums


def test_a_batch_of_outcomes_is_recorded(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    completions = [copied(), skipped(an_upload(key="b")), failed(an_upload(key="c"))]
    assert deployed.deliver(*map(body, completions)) == set()
    records = {record.log_id: record for record in map(Record.from_item, deployed.items())}
    assert {log_id: record.outcome for log_id, record in records.items()} == {
        completion.log_id: completion.outcome for completion in completions
    }
    assert deployed.letters() == []
    assert metrics_in(capsys.readouterr().out) == {"Recorded": 3}


def test_each_record_has_one_log_line_with_its_log_id(deployed: Deployed) -> None:
    completions = [copied(), skipped(an_upload(key="b"))]
    deployed.deliver(*map(body, completions))
    lines = [json.loads(line) for line in deployed.log.getvalue().splitlines()]
    assert sorted((line["log_id"], line["outcome"]) for line in lines) == sorted(
        (completion.log_id, completion.outcome) for completion in completions
    )


def test_duplicates_are_told_and_leave_one_record(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    assert deployed.deliver(body(copied()), body(copied())) == set()
    assert deployed.deliver(body(skipped(attempt=2))) == set()
    assert [item["Outcome"] for item in deployed.items()] == [{"S": "Copied"}]
    assert metrics_in(capsys.readouterr().out) == {"Recorded": 1, "Duplicates": 2}


def test_a_conflict_and_a_malformed_body_are_explained_beside_their_neighbours(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.deliver(body(copied()))
    intruder, neighbour = body(copied(an_upload(key="other"), log_id=copied().log_id)), body(copied(an_upload(key="n")))
    assert deployed.deliver(intruder, "{", neighbour) == set()
    letters = {letter["Body"]: letter["MessageAttributes"] for letter in deployed.letters()}
    assert {text: attributes["Reason"]["StringValue"] for text, attributes in letters.items()} == {
        intruder: "LogIdConflict",
        "{": "MalformedEvent",
    }
    assert letters[intruder]["LogID"]["StringValue"] == copied().log_id
    assert sorted(item["ObjectKey"]["S"] for item in deployed.items()) == ["n", "report.csv"]
    assert metrics_in(capsys.readouterr().out) == {"Recorded": 2, "DeadLetters": 2, "Conflicts": 1}
    errors = [line for line in map(json.loads, deployed.log.getvalue().splitlines()) if line["level"] == "ERROR"]
    assert sorted(line["reason"] for line in errors) == ["LogIdConflict", "MalformedEvent"]


def test_a_bug_is_logged_with_its_traceback_and_the_message_comes_again(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(_: Record) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(Record, "to_item", bug)
    assert deployed.deliver(body(copied())) == {body(copied())}
    assert "ZeroDivisionError: oh" in deployed.log.getvalue()
    assert "Traceback" in deployed.log.getvalue()
    assert metrics_in(capsys.readouterr().out) == {"Retries": 1}


def test_without_time_left_nothing_is_begun_and_everything_comes_again(deployed: Deployed) -> None:
    assert deployed.deliver(body(copied()), seconds_left=1) == {body(copied())}
    assert deployed.items() == []
