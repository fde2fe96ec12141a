"""`copytrail audit`, as installed, beside the deployed system: what became of uploads, and what operators did."""

import json
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, Any

from msgspec import structs

from shared import times
from shared.events import COPYTRAIL_SOURCE, encode_detail
from shared.operations import Operation, OperationKind, Stage
from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept
from tests.operator.conftest import Desk
from tests.operator.dead_letters import put_failed
from tests.terminal import Running

NASTY = "evil\x1b[31m\n\t[red]x\u202egpj\x9b %2F+\x7f.csv"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@contextmanager
def following(desk: Desk, *arguments: str) -> Iterator[tuple[Running, IO[str], IO[str]]]:
    """`copytrail audit tail -f`, its output and its errors; one that goes on for a minute is killed."""
    with desk.popen("audit", "tail", "-f", *arguments) as command:
        watchdog = threading.Timer(60, command.kill)
        watchdog.start()
        try:
            yield command, command.stdout, command.stderr
        finally:
            command.kill()
            watchdog.cancel()


def tell(desk: Desk, operation: Operation) -> None:
    """Publish what an operator did, as the commands do."""
    with_name = {"EventBusName": desk.outputs["TransferBusName"], "Source": COPYTRAIL_SOURCE}
    entry = {**with_name, "DetailType": operation.detail_type, "Detail": encode_detail(operation)}
    events = desk.aws.client("events")
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    events.close()


def test_history_tells_everything_of_an_object_whatever_its_key(desk: Desk) -> None:
    for body in (b"first", b"the second"):
        desk.upload(NASTY, body)
        desk.wait_until_quiet()
    told = desk.run("audit", "history", f"s3://{desk.source}/{NASTY}")
    assert (told.returncode, told.stderr) == (0, "")
    lines = [line.split("\t") for line in told.stdout.splitlines()]
    records = desk.records(NASTY)
    assert [line[7] for line in lines] == [record.log_id for record in records]
    assert [line[2:4] + line[5:7] for line in lines] == [["Copied", "", "upload", ""]] * 2
    assert {line[8] for line in lines} == {rf"s3://{desk.source}/evil\x1b[31m\n\t[red]x\u202egpj\x9b %2F+\x7f.csv"}

    of_the_copy = desk.run("audit", "history", f"s3://{desk.destination}/{NASTY}", "--json")
    assert [json.loads(line)["LogID"] for line in of_the_copy.stdout.splitlines()] == [line[7] for line in lines]
    assert f", which is copied to s3://{desk.destination}/evil" in of_the_copy.stderr

    shown = ESCAPE.sub("", desk.show("audit", "history", f"s3://{desk.source}/{NASTY}", width=80))
    assert shown.replace("\r\n", "").isprintable()
    assert "upload of 10 B · Copied · after " in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_of_what_was_never_recorded_history_says_what_to_check(desk: Desk) -> None:
    told = desk.run("audit", "history", f"s3://{desk.destination}/never\n")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(
        rf"Error: nothing was ever recorded of s3://{desk.destination}/never\n or of s3://{desk.source}/never\n, "
    )
    assert told.stderr.count("\n") == 1


def test_list_takes_every_filter_and_either_order(desk: Desk) -> None:
    for number in range(4):
        desk.upload(f"listed/{number}.{'csv' if number % 2 else 'txt'}", b"x" * number)
        desk.wait_until_quiet()
    arguments = ["--key-glob", "listed/*.csv", "--outcome", "copied", "--bucket", desk.source, "--trigger", "upload"]

    def keys(*more: str) -> list[str]:
        listed = desk.run("audit", "list", *arguments, *more, "--json")
        assert listed.returncode == 0, listed.stderr
        return [json.loads(line)["ObjectKey"] for line in listed.stdout.splitlines()]

    assert keys() == ["listed/3.csv", "listed/1.csv"]
    assert keys("--oldest-first") == ["listed/1.csv", "listed/3.csv"]
    assert keys("--oldest-first", "--limit", "1") == ["listed/1.csv"]
    assert keys("--max-size", "2") == ["listed/1.csv"]
    assert keys("--reason", "Superseded") == []


def test_stats_count_what_was_copied(desk: Desk) -> None:
    for number in range(3):
        desk.upload(f"counted/{number}", b"x" * 100)
    desk.wait_until_quiet()
    arguments = ["audit", "stats", "--key-prefix", "counted/", "--by", "day"]
    counted = desk.run(*arguments, "--json")
    assert (counted.returncode, counted.stderr) == (0, "")
    total = json.loads(counted.stdout.splitlines()[-1])
    assert (total["Records"], total["SizeCopied"], total["Outcomes"]) == (3, 300, {"Copied": 3})
    assert 0 <= total["UploadToCopied"]["P50"] <= total["UploadToCopied"]["Max"] < 60
    assert desk.run(*arguments).stdout.splitlines()[-1].startswith("total\t3\t3\t0\t0\t0\t300\t")
    shown = ESCAPE.sub("", desk.show(*arguments, "--since", "1d", width=80))
    assert "███" in shown
    assert shown.splitlines()[-1].strip() == "Copied 3"
    nothing = desk.run("audit", "stats", "--since", "1h", "--until", "1m", "--key-prefix", "nobody's/")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert nothing.stderr.startswith("no record matches --since 20")


def test_tail_shows_the_last_and_follows_until_ctrl_c(desk: Desk) -> None:
    for key in ("tailed/1", "tailed/2", "tailed/3"):
        desk.upload(key)
        desk.wait_until_quiet()
    last = desk.run("audit", "tail", "-n", "2", "--key-prefix", "tailed/")
    assert [line.rpartition("/")[2] for line in last.stdout.splitlines()] == ["2", "3"]
    with following(desk, "-n", "1", "--key-prefix", "tailed/", "--json") as (command, output, errors):
        assert json.loads(output.readline())["ObjectKey"] == "tailed/3"
        desk.upload("not this one")
        desk.upload("tailed/" + NASTY)
        line = output.readline()
        assert line.strip().isprintable()
        assert json.loads(line)["ObjectKey"] == "tailed/" + NASTY
        command.send_signal(signal.SIGINT)
        assert (output.read(), errors.read(), command.wait()) == ("", "", 130)


def test_tail_survives_throttling_with_a_note(desk: Desk) -> None:
    def throttled(request: InterceptedRequest) -> Reply | None:
        if (request.service, request.operation) != ("dynamodb", "Query"):
            return None
        return aws_json_error("ThrottlingException", "Rate exceeded")

    desk.upload("throttled/1")
    desk.wait_until_quiet()
    with following(desk, "-n", "1", "--key-prefix", "throttled/") as (_, output, errors):
        assert output.readline().endswith("throttled/1\n")
        with intercept(desk.aws, throttled):
            note = errors.readline()
        assert re.fullmatch(r"ThrottlingException: dynamodb:Query on .*: Rate exceeded; trying again in 4 s\n", note)
        desk.upload("throttled/2")
        assert output.readline().endswith("throttled/2\n")


def test_tail_ends_quietly_when_nobody_reads_it_any_more(desk: Desk) -> None:
    desk.upload("unread")
    desk.wait_until_quiet()
    with following(desk, "-n", "1") as (command, output, errors):
        output.readline()
        output.close()
        assert (errors.read(), command.wait()) == ("", 141)


def test_operations_lists_who_did_what_and_how_it_ended(desk: Desk) -> None:
    began_at = times.now() - timedelta(minutes=2)
    replay = Operation(
        operation_id="an-operation\x1b[2J",
        kind=OperationKind.REPLAY,
        stage=Stage.STARTED,
        subject="copy",
        performed_by="arn:aws:iam::123456789012:user/jane",
        at=began_at,
        filters={"key-prefix": "in/\x9b"},
    )
    drop = structs.replace(
        replay, operation_id="another", kind=OperationKind.DROP, at=began_at + timedelta(seconds=1), filters={}
    )
    ended = structs.replace(
        replay, stage=Stage.COMPLETED, at=began_at + timedelta(seconds=30), counts={"replayed": 12, "left_out": 3}
    )
    for operation in (replay, drop, ended):
        tell(desk, operation)
    desk.wait_until_quiet()

    listed = desk.run("audit", "operations", "--since", "1h", "--json")
    assert (listed.returncode, listed.stderr) == (0, "")
    dropped, replayed = map(json.loads, listed.stdout.splitlines())
    assert replayed == {
        "OperationId": "an-operation\x1b[2J",
        "Operation": "Replay",
        "Subject": "copy",
        "PerformedBy": "arn:aws:iam::123456789012:user/jane",
        "StartedAt": times.to_text(replay.at),
        "EndedAt": times.to_text(ended.at),
        "Stage": "Completed",
        "Filters": {"key-prefix": "in/\x9b"},
        "Counts": {"left_out": 3, "replayed": 12},
    }
    assert (dropped["Stage"], "EndedAt" in dropped) == ("Started", False)

    shown = ESCAPE.sub("", desk.show("audit", "operations", width=80))
    assert shown.replace("\r\n", "").isprintable()
    assert "Replay · Completed · after 30 s · left out 3, replayed 12" in shown
    assert shown.index("Drop · never finished") < shown.index("Replay")
    piped = desk.run("audit", "operations").stdout.splitlines()
    assert [line.split("\t")[2:4] for line in piped] == [["Drop", "never finished"], ["Replay", "Completed"]]

    record = desk.run("audit", "get", ended.log_id, "--json")
    told = json.loads(record.stdout)
    assert (told["Stage"], told["Filters"], told["Counts"]) == ("Completed", replayed["Filters"], replayed["Counts"])
    assert '  {"key-prefix": "in/\\u009b"}\n' in desk.run("audit", "get", ended.log_id).stdout
    assert desk.run("audit", "operations", "--since", "1s").stderr.startswith("no operation is on record since 20")


def test_operations_are_in_the_way_of_no_list_of_transfers(desk: Desk) -> None:
    listed = desk.run("audit", "list", "--since", "1h", "--json")
    assert listed.returncode == 0
    assert all("ObjectKey" in json.loads(line) for line in listed.stdout.splitlines())


def test_a_replay_leads_to_the_records_of_what_it_brought(desk: Desk) -> None:
    desk.copier.pause()
    for key in ("led/a", "led/b"):
        put_failed(desk, key)
    desk.copier.resume()
    replayed = desk.run("dlq", "replay", "--key-prefix", "led/", "--yes")
    desk.upload("led/not of the replay")
    desk.wait_until_quiet()

    [operation_id] = re.findall(r"as operation ([0-9a-f-]{36})", replayed.stdout + replayed.stderr)
    listed = desk.run("audit", "list", "--operation", operation_id, "--json")
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    assert sorted(each["ObjectKey"] for each in found) == ["led/a", "led/b"]
    assert {(each["Trigger"], each["OperationId"]) for each in found} == {("replay", operation_id)}
    shown = json.loads(desk.run("audit", "get", operation_id, "--json").stdout)
    assert (shown["Operation"], shown["Counts"]) == ("Replay", {"replayed": 2})


def test_a_source_whose_events_were_off_is_heard_again_and_who_did_that_is_on_record(desk: Desk) -> None:
    desk.sqs.create_queue(QueueName="theirs")
    theirs: Any = {
        "QueueConfigurations": [
            {"Id": "a", "QueueArn": "arn:aws:sqs:us-east-1:123456789012:theirs", "Events": ["s3:ObjectRemoved:*"]}
        ]
    }
    desk.s3.put_bucket_notification_configuration(Bucket=desk.source, NotificationConfiguration=theirs)
    desk.upload("events/off")

    enabled = desk.run("enable-events", "source", "--yes")
    desk.upload("events/on")
    desk.wait_until_quiet()

    assert enabled.returncode == 0, enabled.stderr
    assert (desk.copy_of("events/off"), desk.copy_of("events/on")) == (None, b"body")
    told = desk.s3.get_bucket_notification_configuration(Bucket=desk.source)
    assert told["QueueConfigurations"] == theirs["QueueConfigurations"]
    runs = [json.loads(line) for line in desk.run("audit", "operations", "--json").stdout.splitlines()]
    [run] = [each for each in runs if each["Operation"] == "EnableEvents"]
    assert (run["Subject"], run["Stage"], run["Counts"]) == (f"s3://{desk.source}", "Completed", {"changed": 1})
