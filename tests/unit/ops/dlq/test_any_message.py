"""Whatever a letter holds, every command of `dlq` tells of it, acts on it, and hides nothing else."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.lambda_runtime.message import REPLAYED_BY
from tests.fakes.hostile import BODIES, LARGEST_BODY, MOMENTS, NUMBERS, TEXTS
from tests.fakes.letters import FAILED, UNDELIVERABLE
from tests.fakes.outcomes import UPLOADED_AT
from tests.fakes.sqs_client import DLQ
from tests.fakes.stack import FakeStack, Sqs

# Some bodies are as large as SQS takes.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

# What SQS takes neither in a body nor in an attribute.
_NOT_IN_SQS = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def sendable(text: str) -> str:
    return _NOT_IN_SQS.sub("?", text)


def _attributes() -> st.SearchStrategy[Mapping[str, Any]]:
    names = st.sampled_from([*FAILED, *UNDELIVERABLE, REPLAYED_BY, "_datadog"])
    texts = st.one_of(TEXTS, MOMENTS, NUMBERS).map(sendable).filter(bool)
    value = st.one_of(
        st.builds(lambda text: {"DataType": "String", "StringValue": text}, texts),
        st.just({"DataType": "Binary", "BinaryValue": b"\0\xff"}),
        st.just({"DataType": "Number.int", "StringValue": "9" * 5000}),
    )
    recorded = {name: {"DataType": "String", "StringValue": text} for name, text in FAILED.items()}
    return st.builds(lambda base, more: base | more, st.sampled_from([{}, recorded]), st.dictionaries(names, value))


def _is_held_by_sqs(letter: tuple[str, Mapping[str, Any]]) -> bool:
    text, attributes = letter
    return len(text.encode()) + len(repr(attributes).encode()) < LARGEST_BODY


LETTERS = st.lists(
    st.tuples(BODIES.map(sendable).filter(bool), _attributes()).filter(_is_held_by_sqs), min_size=1, max_size=4
)
COMMANDS: Mapping[str, Sequence[str]] = {
    "ls": ["ls"],
    "ls --json": ["ls", "--json"],
    "ls --summary": ["ls", "--summary"],
    "ls --summary --json": ["ls", "--summary", "--json"],
    "ls since": ["ls", "--since", "0001-01-01", "--until", "9999-12-31"],
    "audit": ["ls", "--queue", "audit", "--json"],
    "replay --dry-run": ["replay", "--dry-run", "--json"],
    "replay": ["replay", "--yes", "--include-superseded"],
    "drop": ["drop", "--yes", "--since", "0001-01-01"],
}


def put(stack: FakeStack, letters: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    def put_one(number: int, letter: tuple[str, Mapping[str, Any]]) -> str:
        return stack.sqs.add(DLQ, lambda: letter, f"{number:08x}-letter", UPLOADED_AT)

    return [put_one(number, letter) for number, letter in enumerate(letters)]


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> Sequence[str]:
    return COMMANDS[request.param]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(letters=LETTERS)
def test_a_command_over_all_letters_tells_of_each(
    command: Sequence[str], letters: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    stack = FakeStack()
    ids = put(stack, letters)

    result = stack.run(*command)

    assert result.exit_code == 0, result.output
    if "--json" in command and "--summary" not in command and command[0] == "ls":
        told = [json.loads(line) for line in result.stdout.splitlines()]
        assert {line["MessageId"] for line in told} == set(ids)
        assert {line["Body"] for line in told} == {text for text, _ in letters}


@settings(max_examples=60, deadline=None)
@given(letters=LETTERS)
def test_each_letter_is_shown_whole(letters: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    stack = FakeStack()
    for number, (text, _) in enumerate(letters):
        stack.sqs.queues.clear()
        put(stack, letters)
        id_ = f"{number:08x}"

        assert stack.run("show", id_).exit_code == 0
        [told] = stack.run("show", id_, "--json").stdout.splitlines()
        assert json.loads(told)["Body"] == text


@settings(max_examples=60, deadline=None)
@given(letters=LETTERS)
def test_letters_that_were_exported_are_imported_as_they_were(
    letters: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    stack = FakeStack()
    put(stack, letters)
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "letters.jsonl")
        assert stack.run("export", file).exit_code == 0
        stack.sqs.queues.clear()

        assert stack.run("import", file, "--yes").exit_code == 0

    there = [(message.body, dict(message.attributes)) for message in stack.sqs.queues[DLQ].values()]
    assert sorted(there, key=repr) == sorted(((text, dict(attributes)) for text, attributes in letters), key=repr)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "99999-01-01"])
def test_a_line_with_a_moment_outside_the_calendar_is_no_letter(tmp_path: Path, moment: str) -> None:
    file = tmp_path / "letters.jsonl"
    file.write_text(json.dumps({"MessageId": "m", "SentAt": moment, "Body": "b", "Attributes": {}}) + "\n")

    result = FakeStack().run("import", str(file), "--yes")

    assert result.exit_code != 0
    assert "line 1 of" in result.stderr
    assert "is not a letter" in result.stderr


def test_a_line_that_sqs_refuses_does_not_take_its_neighbours_along(tmp_path: Path) -> None:
    def line(text: str) -> str:
        return json.dumps({"MessageId": text, "SentAt": "2026-11-23T10:00:00Z", "Body": text, "Attributes": {}})

    stack, file = FakeStack(), tmp_path / "letters.jsonl"
    file.write_text("\n".join(line(text) for text in ("a", "\0", "b")) + "\n")

    result = stack.run("import", str(file), "--yes", "--queue", "copy")

    assert result.exit_code != 0
    assert "SQS did not take 1 letter" in result.stderr
    assert sorted(message.body for message in stack.sqs.queues[DLQ].values()) == ["a", "b"]


@pytest.mark.parametrize("sent", ["", "9" * 5000, "-1", "soon"])
def test_a_letter_that_nobody_knows_the_age_of_counts_as_old(sent: str) -> None:
    received: Callable[..., Any] = Sqs.receive_message

    class Odd(Sqs):
        def receive_message(self, **call: Any) -> Mapping[str, Any]:
            answer = received(self, **call)
            for message in answer.get("Messages", []):
                message["Attributes"] = {"SentTimestamp": sent} if sent else {}
            return answer  # type: ignore[no-any-return]  # as the fake gave it

    stack = FakeStack(Odd())
    put(stack, [("body", {})])

    assert json.loads(stack.run("ls", "--json").stdout)["SentAt"] == "1970-01-01T00:00:00.000Z"


def test_the_age_of_a_letter_from_either_end_of_the_calendar_is_shown() -> None:
    stack = FakeStack()
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"):
        stack.sqs.put("x", FAILED | {"FirstSeen": text})

    assert "0001-01-01T00:00:00.000Z" in stack.run("ls").stdout
