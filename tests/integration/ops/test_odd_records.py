"""Items of the audit table that this version does not understand hide nothing else, in any command."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from services.auditor.ledger import DynamoDbLedger
from shared import times
from shared.audit_log.operation_record import OperationRecord
from shared.audit_log.record import Record
from shared.operations import Stage
from tests.fakes.operations import an_operation
from tests.fakes.outcomes import a_record, an_upload, copied, skipped
from tests.integration.ops.conftest import AuditTerminal

LEFT_OUT = "left out: 1 item of the audit table that this version cannot read, such as "
OPERATION = an_operation().operation_id


def minutes_ago(minutes: float, key: str, **changes: Any) -> Record:
    upload = an_upload(key=key, bucket="uploads", uploaded_at=times.now() - timedelta(minutes=minutes, seconds=2))
    return a_record(copied(upload, **changes))


@pytest.fixture
def odd(terminal: AuditTerminal) -> str:
    """A table with a good record, one with words of a newer version, and one that is none; the LogID of the latter."""
    terminal.keep(minutes_ago(5, "in/good.csv"))
    newer, none = minutes_ago(4, "in/newer.csv"), minutes_ago(3, "in/none.csv")
    for item in (
        newer.to_item() | {"Outcome": {"S": "Quarantined"}, "Trigger": {"S": "moon"}},
        none.to_item() | {"FinishedAt": {"S": "soon"}},
    ):
        terminal.dynamodb.put_item(TableName=terminal.table_name, Item=item)
    return none.log_id


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("list", "--json"),
        ("list", "--oldest-first"),
        ("tail",),
        ("export", "-", "--format", "csv"),
        ("export", "-", "--format", "jsonl"),
        ("history", "s3://uploads/in/good.csv"),
        ("stats",),
    ],
)
def test_every_command_shows_the_others_and_says_what_it_left_out(
    terminal: AuditTerminal, odd: str, command: tuple[str, ...]
) -> None:
    ended = terminal.run("audit", *command)
    assert ended.returncode == 0, ended.stderr
    assert ("good.csv" in ended.stdout) or command == ("stats",)
    if command[0] != "history":
        assert "Quarantined" in ended.stdout or ended.stdout.split("\t")[1:3] == ["2", "1"]
        assert LEFT_OUT + odd in ended.stderr


@pytest.mark.usefixtures("odd")
def test_on_a_terminal_an_unknown_outcome_is_shown(terminal: AuditTerminal) -> None:
    assert "Quarantined" in terminal.show("audit", "list", width=80)
    assert "Quarantined" in terminal.show("audit", "stats", width=120)
    assert "Quarantined" in terminal.show("audit", "history", "s3://uploads/in/newer.csv", width=40)


@pytest.mark.usefixtures("odd")
def test_a_filter_takes_no_outcome_that_it_does_not_know(terminal: AuditTerminal) -> None:
    listed = terminal.run("audit", "export", "-", "--format", "csv", "--outcome", "copied").stdout
    assert [row["ObjectKey"] for row in csv.DictReader(io.StringIO(listed))] == ["in/good.csv"]


@pytest.fixture
def operated(terminal: AuditTerminal) -> list[Record]:
    """A replay of two hours ago that brought two records, and one that it had no part in; those of the replay."""
    ledger = DynamoDbLedger(terminal.dynamodb, terminal.table_name)
    began_at = times.now() - timedelta(hours=50)
    for stage, moment in ((Stage.STARTED, began_at), (Stage.COMPLETED, began_at + timedelta(seconds=9))):
        ledger.append(OperationRecord.of(an_operation(stage=stage, at=moment), moment))
    records = [minutes_ago(60 * hours, f"in/{hours}", operation_id=OPERATION) for hours in (47, 49)]
    terminal.keep(*records, minutes_ago(60 * 48, "in/other"), a_record(skipped()))
    return records


def test_list_finds_what_an_operation_asked_for_however_long_ago(
    terminal: AuditTerminal, operated: list[Record]
) -> None:
    listed = terminal.run("audit", "list", "--operation", OPERATION.upper(), "--json")
    assert listed.returncode == 0, listed.stderr
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [each["LogID"] for each in found] == [record.log_id for record in operated]
    assert {each["OperationId"] for each in found} == {OPERATION}
    assert terminal.run("audit", "list", "--operation", OPERATION, "--since", "1h").stdout == ""
    counted = terminal.run("audit", "stats", "--operation", OPERATION, "--json").stdout.splitlines()[-1]
    assert json.loads(counted)["Records"] == 2


@pytest.mark.usefixtures("operated")
def test_get_of_an_operation_shows_it_and_where_its_transfers_are(terminal: AuditTerminal) -> None:
    shown = terminal.run("audit", "get", OPERATION, "--json")
    assert (shown.returncode, json.loads(shown.stdout)["Stage"]) == (0, "Completed")
    assert shown.stderr == f"its transfers: copytrail audit list --operation {OPERATION}\n"


@pytest.mark.parametrize("command", [("get",), ("list", "--operation")])
def test_an_operation_that_is_not_on_record_exits_1(terminal: AuditTerminal, command: tuple[str, ...]) -> None:
    ended = terminal.run("audit", *command, OPERATION)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert OPERATION in ended.stderr


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("6f3a2c1e", "not a whole LogID: type all 36 characters, as `copytrail audit list` shows them"),
        ("6f3a2c1e-4d0b-5c7e-9a56…", "not a whole LogID: type all 36 characters"),
        ("s3://uploads/in/good.csv", "`copytrail audit history s3://uploads/in/good.csv` shows what became of"),
        ("report.csv", "type one that looks like 6f3a2c1e-4d0b-5c7e-9a56-07c0b1f7a11d"),
        ("", "type one that looks like"),
    ],
)
def test_get_of_what_is_no_log_id_says_what_to_type(terminal: AuditTerminal, typed: str, told: str) -> None:
    ended = terminal.run("audit", "get", typed)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
