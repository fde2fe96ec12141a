"""`copytrail dlq ls`, `show`, `export` and `import` beside the deployed system: what is seen, and what it costs."""

import json
import os
import signal
import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from shared import times
from shared.operations import OperationKind, Stage
from tests.fakes.bodies import object_created
from tests.fakes.letters import EVE, FAILED, REPLAYED, UNDELIVERABLE
from tests.fakes.outcomes import an_upload, body, failed
from tests.interception import InterceptedRequest, Reply, aws_json_error, intercept, s3_error
from tests.operator.conftest import Desk
from tests.operator.dead_letters import depth, let_visibility_timeouts_pass, put_letter, without_waiting

BAD_KEY = "evil\x1b[31m\u202e.txt"


class Watch:
    """Counts what is asked for, and spares long polls; `answers` holds what stands in for the next of an operation."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, list[Reply | None]] = {}

    def __call__(self, request: InterceptedRequest) -> Reply | None:
        self.asked[request.operation] += 1
        if request.operation == "ReceiveMessage":
            without_waiting(request)
        answers = self.answers.get(request.operation)
        return answers.pop(0) if answers else None


def run(desk: Desk, *arguments: str, watch: Watch | None = None) -> Any:
    """Run `copytrail dlq`; after it, every letter must be visible."""
    before = depth(desk).visible
    with intercept(desk.aws, watch or Watch()):
        ended = desk.run("dlq", *arguments)
    if arguments[0] != "import":
        assert (depth(desk).visible, depth(desk).in_flight) == (before, 0)
    return ended


def listed(desk: Desk, *arguments: str) -> list[dict[str, Any]]:
    """What `ls --json` prints."""
    ended = run(desk, "ls", "--json", *arguments)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def put_upload(desk: Desk, key: str, attributes: dict[str, str], **changes: Any) -> str:
    return put_letter(desk, object_created(an_upload(key=key, **changes)), attributes)


@pytest.fixture
def one_of_each(desk: Desk) -> dict[str, str]:
    """A letter of each kind; their ids."""
    return {
        "failed": put_upload(desk, "reports/failed.csv", FAILED),
        "undeliverable": put_upload(desk, "reports/undeliverable.csv", UNDELIVERABLE),
        "crashed": put_upload(desk, "crashed.bin", {}),
        "crashed again": put_upload(desk, BAD_KEY, FAILED | REPLAYED),
        "not ours": put_letter(desk, "hello"),
    }


def test_what_the_copier_gave_up_on_is_listed_with_its_reason_and_the_log_id_of_its_record(desk: Desk) -> None:
    def refuse(request: InterceptedRequest) -> Reply | None:
        is_copy = request.service == "s3" and request.operation == "CopyObject"
        return s3_error("InvalidRequest", "Not this one", 400) if is_copy else None

    with intercept(desk.aws, refuse):
        desk.upload("in/secret.txt", b"four")
        desk.wait_until_quiet()

    [letter] = listed(desk)
    [record] = desk.records("in/secret.txt")
    assert letter["LogID"] == record.log_id
    assert (letter["Reason"], letter["Message"]) == (record.reason, record.message)
    assert (letter["SourceBucket"], letter["ObjectKey"], letter["Size"]) == (desk.source, "in/secret.txt", 4)
    assert (letter["ReasonFrom"], letter["Attempts"]) == ("Copytrail", 1)
    assert 0 <= letter["AgeSeconds"] < 120


def test_every_kind_of_letter_is_listed_for_what_it_is(desk: Desk, one_of_each: dict[str, str]) -> None:
    letters = {letter["MessageId"]: letter for letter in listed(desk)}

    assert letters.keys() == set(one_of_each.values())
    told = {kind: letters[id_] for kind, id_ in one_of_each.items()}
    assert {kind: (letter["ReasonFrom"], letter["Reason"]) for kind, letter in told.items()} == {
        "failed": ("Copytrail", "AccessDenied"),
        "undeliverable": ("EventBridge", "NO_PERMISSIONS"),
        "crashed": ("Nobody", "NoReasonRecorded"),
        "crashed again": ("Nobody", "NoReasonRecorded"),
        "not ours": ("NotOurs", "NotOurs"),
    }
    assert f"no reason recorded: look up LogID {told['crashed']['LogID']}" in told["crashed"]["Message"]
    assert EVE in told["crashed again"]["Message"]
    assert told["failed"]["Attributes"]["Reason"] == {"DataType": "String", "StringValue": "AccessDenied"}
    assert told["not ours"]["Body"] == "hello"


def test_filters_narrow_the_list_and_its_counts(desk: Desk, one_of_each: dict[str, str]) -> None:
    def kinds(*arguments: str) -> set[str]:
        found = {letter["MessageId"] for letter in listed(desk, *arguments)}
        return {kind for kind, id_ in one_of_each.items() if id_ in found}

    assert kinds("--key-prefix", "reports/") == {"failed", "undeliverable"}
    assert kinds("--reason", "noreasonrecorded", "--reason", "accessdenied") == {"failed", "crashed", "crashed again"}
    assert kinds("--id", one_of_each["not ours"][:8], "--id", FAILED["LogID"]) == {"failed", "not ours"}
    assert kinds("--until", "1d", "--key-glob", "*.csv", "--limit", "1") == {"failed"}


def test_where_nothing_matches_it_says_so_and_that_is_no_failure(desk: Desk, one_of_each: dict[str, str]) -> None:
    no_file = "nothing was written: there is no file none.jsonl\n"
    for arguments, first in ((["ls"], ""), (["export", "none.jsonl"], no_file)):
        ended = run(desk, *arguments, "--reason", "Nope")
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr == f"{first}no letter matches --reason Nope, of 5 letters in the copy DLQ\n"
    assert not (desk.terminal.home / "none.jsonl").exists()
    assert run(desk, "ls", "--queue", "audit").stderr == "the audit DLQ is empty\n"
    assert one_of_each


def test_the_summary_counts_by_reason_with_the_oldest_of_each(desk: Desk, one_of_each: dict[str, str]) -> None:
    put_upload(desk, "older.txt", FAILED | {"FirstSeen": "2026-01-01T00:00:00.000Z"})

    lines = [json.loads(line) for line in run(desk, "ls", "--summary", "--json").stdout.splitlines()]

    assert [(line["Reason"], line["Letters"]) for line in lines] == [
        ("AccessDenied", 2),
        ("NoReasonRecorded", 2),
        ("NO_PERMISSIONS", 1),
        ("NotOurs", 1),
    ]
    assert lines[0]["OldestFirstSeen"] == "2026-01-01T00:00:00.000Z"
    assert lines[0]["NewestFirstSeen"] == FAILED["FirstSeen"]
    plain = run(desk, "ls", "--summary", "--reason", "AccessDenied")
    assert plain.stdout.split("\t")[:3] == ["AccessDenied", "2", "2026-01-01T00:00:00.000Z"]
    assert plain.stderr == "2 letters of 6 in the copy DLQ\n"
    assert one_of_each


@pytest.mark.parametrize("width", [80, 120, 180])
def test_on_a_terminal_every_letter_has_one_line_and_nothing_moves_the_cursor(
    desk: Desk, one_of_each: dict[str, str], width: int
) -> None:
    with intercept(desk.aws, Watch()):
        shown = desk.show("dlq", "ls", width=width)

    plain = [line.rstrip() for line in shown.replace("\x1b[0m", "").splitlines()]
    for id_ in one_of_each.values():
        [line] = [line for line in plain if line.startswith(id_[:8])]
        assert len(line) <= width + len("\x1b[35m")
    assert r"evil\x1b[31m\u202e.txt" in shown
    assert "\u202e" not in shown
    assert "5 letters in the copy DLQ" in shown


def test_into_a_pipe_a_line_has_everything_whole(desk: Desk) -> None:
    id_ = put_upload(desk, BAD_KEY, FAILED)

    [line] = run(desk, "ls").stdout.splitlines()
    values = line.split("\t")
    assert values[:2] == [id_, FAILED["FirstSeen"]]
    assert values[3:] == ["5", "42", "AccessDenied", "in", r"evil\x1b[31m\u202e.txt", FAILED["Message"]]


def test_the_letters_of_the_audit_queue_are_of_the_outcomes_they_tell(desk: Desk) -> None:
    completion = failed()
    put_letter(desk, body(completion), FAILED | {"Reason": "Throttled"}, queue="AuditDlqUrl")

    [letter] = listed(desk, "--queue", "audit")
    assert (letter["Reason"], letter["ObjectKey"], letter["SourceBucket"]) == ("Throttled", "report.csv", "in")


def test_show_takes_the_beginning_of_an_id_and_shows_all(desk: Desk, one_of_each: dict[str, str]) -> None:
    ended = run(desk, "show", one_of_each["crashed again"][:8])

    lines = ended.stdout.splitlines()
    for attribute, value in (FAILED | REPLAYED).items():
        assert any(line.split(maxsplit=1) == [attribute, value] for line in lines), attribute
    pretty = "\n".join(lines[lines.index("Body") + 1 :])
    assert json.loads(pretty)["detail"]["object"]["key"] == BAD_KEY
    assert "\u202e" not in ended.stdout
    told = json.loads(run(desk, "show", FAILED["LogID"], "--json").stdout)
    assert told["MessageId"] == one_of_each["failed"]


def test_a_whole_id_ends_the_search_when_it_is_found(desk: Desk) -> None:
    for number in range(60):
        id_ = put_upload(desk, f"{number}.txt", FAILED)
    watch = Watch()
    with intercept(desk.aws, lambda request: without_more_than_one(request, watch)):
        ended = desk.run("dlq", "show", first_in(desk), "--json")

    assert ended.returncode == 0
    assert id_
    # As many threads as there are tens of letters, each a few receives ahead.
    assert watch.asked["ReceiveMessage"] < 30
    assert depth(desk).in_flight == 0


def without_more_than_one(request: InterceptedRequest, watch: Watch) -> Reply | None:
    """One letter a receive."""
    watch(request)
    if request.operation == "ReceiveMessage":
        without_waiting(request, most_messages=1)
    return None


def first_in(desk: Desk) -> str:
    """The id of the letter that comes first."""
    received = desk.sqs.receive_message(QueueUrl=desk.outputs["CopyDlqUrl"], VisibilityTimeout=0)
    return str(received["Messages"][0]["MessageId"])


@pytest.mark.parametrize(
    ("id_", "code", "told"),
    [
        ("ffffffff", 1, "Error: no letter of the copy DLQ has the id ffffffff\n"),
        ("report.csv", 2, "Error: 'report.csv' is not a message id or LogID, nor the first 8 characters of one"),
    ],
)
def test_what_show_does_not_find_is_one_line(desk: Desk, id_: str, code: int, told: str) -> None:
    put_upload(desk, "a.txt", FAILED)

    ended = run(desk, "show", id_)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.startswith(told)
    assert ended.stderr.count("\n") == 1


def test_many_letters_are_listed_each_once(desk: Desk) -> None:
    put = Counter(put_upload(desk, f"many/{number}", FAILED) for number in range(250))

    assert Counter(letter["MessageId"] for letter in listed(desk)) == put


def test_what_was_exported_and_lost_is_as_it_was_when_it_is_imported(desk: Desk, one_of_each: dict[str, str]) -> None:
    exported = run(desk, "export", "letters.jsonl")
    assert (exported.returncode, exported.stdout) == (0, "")
    assert exported.stderr == "5 letters written to letters.jsonl\n5 letters in the copy DLQ\n"
    assert sorted(run(desk, "export", "-").stdout.splitlines()) == sorted(lines_of(desk, "letters.jsonl"))
    before = sorted(desk.letters(), key=str)

    imported = run(desk, "import", "letters.jsonl", "--yes")

    assert imported.returncode == 0, imported.stderr
    assert "5 letters put into the copy DLQ, by operation " in imported.stderr
    assert sorted(desk.letters(), key=str) == before
    assert len(before) == len(one_of_each)
    desk.wait_until_quiet()
    ended, began = list(desk.query.operations(times.now() - timedelta(hours=1), times.now() + timedelta(minutes=1)))[:2]
    assert (began.operation, began.subject, began.filters) == (
        OperationKind.IMPORT,
        "copy DLQ",
        {"file": "letters.jsonl"},
    )
    assert (ended.stage, ended.counts) == (Stage.COMPLETED, {"imported": 5, "left": 0})


def lines_of(desk: Desk, name: str) -> list[str]:
    return (desk.terminal.home / name).read_text().splitlines()


def test_a_file_that_is_there_is_left_as_it_is_and_nothing_is_asked(desk: Desk) -> None:
    put_upload(desk, "a.txt", FAILED)
    (desk.terminal.home / "mine.jsonl").write_text("mine")
    watch = Watch()

    ended = run(desk, "export", "mine.jsonl", watch=watch)

    assert (ended.returncode, lines_of(desk, "mine.jsonl")) == (2, ["mine"])
    assert ended.stderr == "Error: mine.jsonl exists already, and is left as it is: name another file\n"
    assert not watch.asked


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"MessageId": "m"}\n', "Error: line 1 of in.jsonl is not a letter: "),
        (None, "Error: in.jsonl cannot be read: No such file or directory\n"),
        (b"", "there is no letter in in.jsonl: nothing is imported\n"),
    ],
)
def test_a_file_that_is_none_of_letters_is_not_begun(desk: Desk, content: bytes | None, told: str) -> None:
    path = desk.terminal.home / "in.jsonl"
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_bytes(content)
    watch = Watch()

    ended = run(desk, "import", "in.jsonl", "--yes", watch=watch)

    assert ended.returncode == (0 if content == b"" else 2)
    assert ended.stderr.startswith(told)
    assert ended.stderr.count("\n") == 1
    assert not watch.asked


def test_a_pipe_is_not_imported_as_it_could_not_be_read_again(desk: Desk) -> None:
    os.mkfifo(desk.terminal.home / "pipe.jsonl")

    ended = run(desk, "import", "pipe.jsonl", "--yes")

    assert (ended.returncode, ended.stderr) == (
        2,
        "Error: pipe.jsonl is no ordinary file, and is read more than once: name a file\n",
    )


def test_what_sqs_does_not_take_is_in_a_file_and_can_be_imported_later(desk: Desk) -> None:
    for number in range(12):
        put_upload(desk, f"{number}.txt", FAILED)
    run(desk, "export", "some.jsonl")
    lines = lines_of(desk, "some.jsonl")
    desk.letters()
    unasked = run(desk, "import", "some.jsonl")
    assert (unasked.returncode, "add --yes" in unasked.stderr, depth(desk).visible) == (2, True, 0)
    watch = Watch()
    watch.answers["SendMessageBatch"] = [aws_json_error("AccessDenied", "not you", 403)] * 2

    ended = run(desk, "import", "some.jsonl", "--yes", watch=watch)

    rest = lines_of(desk, "some.jsonl.rest")
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert f"{len(rest)} letters not imported: some.jsonl.rest has them\n" in ended.stderr
    assert len(rest) + depth(desk).visible == 12
    assert set(rest) <= set(lines)
    assert run(desk, "import", "some.jsonl.rest", "--yes").returncode == 0
    assert sorted(json.loads(letter["Body"])["detail"]["object"]["key"] for letter in desk.letters()) == sorted(
        f"{number}.txt" for number in range(12)
    )


class Hold:
    """Lets so many receives pass, and holds the next ones until it may go on."""

    def __init__(self, *, after: int) -> None:
        self.held = threading.Event()
        self.go_on = threading.Event()
        self._after = after
        self._watch = Watch()

    def __call__(self, request: InterceptedRequest) -> Reply | None:
        self._watch(request)
        if self._watch.asked["ReceiveMessage"] > self._after and request.operation == "ReceiveMessage":
            self.held.set()
            assert self.go_on.wait(30)
        return None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_every_letter_is_visible_again(desk: Desk, number: signal.Signals) -> None:
    for place in range(45):
        put_upload(desk, f"{place}.txt", FAILED)
    hold = Hold(after=2)

    with intercept(desk.aws, hold), desk.popen("dlq", "ls") as running:
        assert hold.held.wait(30)
        running.send_signal(number)
        hold.go_on.set()
        _, told = running.communicate(timeout=30)

    assert running.returncode == 130
    assert "Traceback" not in told
    assert (depth(desk).visible, depth(desk).in_flight) == (45, 0)


@pytest.mark.parametrize(
    "command",
    ["ls", "ls --json", "export none.jsonl", "show ffffffff", "replay --yes", "replay --dry-run", "drop --all --yes"],
)
def test_where_others_have_received_every_letter_no_command_says_that_there_is_none(desk: Desk, command: str) -> None:
    for place in range(3):
        put_upload(desk, f"{place}.txt", FAILED)
    desk.sqs.receive_message(QueueUrl=desk.outputs["CopyDlqUrl"], MaxNumberOfMessages=10, VisibilityTimeout=600)

    with intercept(desk.aws, Watch()):
        ended = desk.run("dlq", *command.split())

    assert (ended.returncode, ended.stdout) == (4, "")
    assert "3 letters cannot be seen at present: somebody lists them or replays them, or was stopped" in ended.stderr
    assert "empty" not in ended.stderr
    assert not (desk.terminal.home / "none.jsonl").exists()
    let_visibility_timeouts_pass(desk)


def test_a_file_is_not_imported_twice_unless_that_is_asked_for(desk: Desk) -> None:
    for place in range(3):
        put_upload(desk, f"{place}.txt", FAILED)
    run(desk, "export", "twice.jsonl")

    ended = run(desk, "import", "twice.jsonl", "--yes")
    assert (ended.returncode, depth(desk).visible) == (0, 3)
    assert ended.stderr == (
        "left out: 3 letters that the copy DLQ has already; --again takes them in\n"
        "nothing is imported: twice.jsonl has nothing that is not in the copy DLQ; --again takes it all the same\n"
    )
    assert run(desk, "import", "twice.jsonl", "--yes", "--again").returncode == 0
    assert depth(desk).visible == 6


def test_letters_of_the_copy_queue_do_not_go_to_the_auditor(desk: Desk) -> None:
    put_upload(desk, "a.txt", FAILED)
    run(desk, "export", "copy.jsonl")
    desk.letters()

    ended = run(desk, "import", "copy.jsonl", "--queue", "audit", "--yes")
    assert (ended.returncode, ended.stderr) == (
        2,
        "Error: 1 letter of copy.jsonl not of the audit queue: leave --queue out\n",
    )
    assert run(desk, "import", "copy.jsonl", "--yes").returncode == 0
    assert depth(desk).visible == 1


def test_the_trace_header_comes_through_export_import_and_replay(desk: Desk) -> None:
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    desk.copier.pause()
    desk.sqs.send_message(
        QueueUrl=desk.outputs["CopyDlqUrl"],
        MessageBody=object_created(an_upload(key="traced")),
        MessageAttributes={"Reason": {"DataType": "String", "StringValue": "SlowDown"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}},
    )
    assert run(desk, "export", "traced.jsonl").returncode == 0
    desk.letters()
    assert run(desk, "import", "traced.jsonl", "--yes").returncode == 0
    with intercept(desk.aws, Watch()):
        assert desk.run("dlq", "replay", "--yes", "--include-superseded").returncode in (0, 1)
    answer = desk.sqs.receive_message(
        QueueUrl=desk.outputs["CopyQueueUrl"], MessageSystemAttributeNames=["AWSTraceHeader"], VisibilityTimeout=0
    )
    assert answer["Messages"][0]["Attributes"]["AWSTraceHeader"] == trace
    desk.take_all("CopyQueueUrl")


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        (".", "Error: . is a folder: name a file\n"),
        ("/", "Error: / is a folder: name a file\n"),
        ("-", "Error: - is read once only, and letters are read more than once: write them to a file\n"),
    ],
)
def test_what_is_no_file_of_letters_is_one_line(desk: Desk, argument: str, told: str) -> None:
    ended = run(desk, "import", argument, "--yes")
    assert (ended.returncode, ended.stderr) == (2, told)


def test_where_a_file_cannot_be_written_nothing_is_received(desk: Desk) -> None:
    put_upload(desk, "a.txt", FAILED)
    for command in ("drop --all --yes --to no/such/folder.jsonl", "export no/such/folder.jsonl"):
        watch = Watch()
        ended = run(desk, *command.split(), watch=watch)
        assert (ended.returncode, bool(watch.asked)) == (2, False)
        assert "no/such cannot be written to (No such file or directory): name another file" in ended.stderr


def test_what_excludes_a_letter_that_was_named_is_said(desk: Desk) -> None:
    id_ = put_upload(desk, "a.txt", FAILED)
    for command in ("ls", "replay --yes", "drop --yes", "export none.jsonl"):
        ended = run(desk, *command.split(), "--id", id_[:8], "--reason", "Other")
        assert ended.returncode == 0
        assert f"letter {id_} is excluded by --reason: its reason is AccessDenied\n" in ended.stderr


def test_an_id_that_no_letter_has_is_not_found(desk: Desk) -> None:
    put_upload(desk, "a.txt", FAILED)
    for command in ("ls", "replay --yes", "replay --dry-run", "drop --yes", "export none.jsonl"):
        ended = run(desk, *command.split(), "--id", "ffffffff")
        assert ended.returncode == 1, command
        assert ended.stderr.endswith("Error: no letter of the copy DLQ has the id ffffffff\n")


def test_killed_in_the_middle_the_letters_come_back_by_themselves_and_until_then_that_is_said(desk: Desk) -> None:
    for place in range(25):
        put_upload(desk, f"{place}.txt", FAILED)
    hold = Hold(after=1)

    with intercept(desk.aws, hold), desk.popen("dlq", "ls") as running:
        assert hold.held.wait(30)
        running.kill()
        running.communicate(timeout=30)
        hold.go_on.set()

    with intercept(desk.aws, Watch()):
        told = desk.run("dlq", "ls").stderr
    assert "cannot be seen at present: somebody lists them or replays them, or was stopped" in told
    let_visibility_timeouts_pass(desk)
    assert len(listed(desk)) == 25


def test_credentials_that_expire_in_the_middle_are_told_of_in_a_line_and_the_letters_come_back(desk: Desk) -> None:
    for place in range(25):
        put_upload(desk, f"{place}.txt", FAILED)
    expired, watch = aws_json_error("ExpiredToken", "The security token included in the request is expired"), Watch()
    watch.answers = {
        "ReceiveMessage": [None, *[expired] * 50],
        "ChangeMessageVisibilityBatch": [expired] * 50,
    }

    with intercept(desk.aws, watch):
        ended = desk.run("dlq", "ls", "--json")

    assert ended.returncode == 2
    told = ended.stderr.splitlines()
    assert told[0].startswith("10 letters could not be made visible again")
    assert told[0].endswith("they come back by themselves within 30 s")
    assert told[1].startswith("Error: the AWS credentials have expired")
    assert len(told) == 2
    let_visibility_timeouts_pass(desk)
    assert len(listed(desk)) == 25
