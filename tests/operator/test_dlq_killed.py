"""`copytrail dlq replay` and `drop`, killed at every step in turn, or stopped: nothing is lost, and they go on."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from threading import Event, Lock
from typing import TYPE_CHECKING

import pytest

from tests.interception import InterceptedRequest, Reply, intercept
from tests.operator.conftest import Desk
from tests.operator.dead_letters import (
    OPERATOR,
    depth,
    keys_in,
    let_visibility_timeouts_pass,
    put_letter,
    unheard_of,
    with_reason,
    without_waiting,
)

if TYPE_CHECKING:
    from tests.terminal import Running

KEYS = ["a", "b", "c"]
REPLAY = ("dlq", "replay", "--yes")
DROP = ("dlq", "drop", "--all", "--yes", "--to", "dropped.jsonl")
# Whatever a replay changes, it changes with one of these.
COUNTED = {"sqs", "events"}
_NUMBERS = count()


class StoppedAfter:
    """An interceptor that ends a command once so many of its requests have had their effect, before it hears of it.

    What AWS holds after one request is what it holds before the next: so this also ends it before each request. One
    letter is received at a time, for as many different steps as there can be.
    """

    def __init__(self, number: int, how: signal.Signals, operation: str = "") -> None:
        self.credentials = f"{OPERATOR}{next(_NUMBERS)}"
        self.command: Running
        self.started = Event()
        self._left = number
        self._how = how
        self._operation = operation
        self._is_dead = False
        self._one_at_a_time = Lock()

    def __call__(self, request: InterceptedRequest) -> Reply | None:
        """See a request of the command."""
        is_its = f"Credential={self.credentials}/" in request.headers.get("authorization", "")
        if not is_its or request.service not in COUNTED:
            return None
        self.started.wait(10)
        with self._one_at_a_time:
            return self._reply(request)

    def _reply(self, request: InterceptedRequest) -> Reply:
        if self._is_dead:
            # It died while it was sending this, and may not have come to the end.
            return Reply(503)
        if request.operation == "ReceiveMessage":
            without_waiting(request, most_messages=1)
        reply = request.forward()
        if not self._operation or request.operation == self._operation:
            self._left -= 1
            if not self._left:
                self._is_dead = self._how is signal.SIGKILL
                self.command.send_signal(self._how)
        return reply


def run(desk: Desk, arguments: Sequence[str], stopped: StoppedAfter) -> tuple[int, str]:
    """Run the command until it is stopped, or done: exit code and stderr."""
    # What a dead command has sent may still be on its way: somebody has to stay there for it.
    intercept(desk.aws, stopped)
    stopped.command = desk.popen(*arguments, AWS_ACCESS_KEY_ID=stopped.credentials)
    stopped.started.set()
    _, told = stopped.command.communicate(timeout=60)
    return stopped.command.wait(), told


@pytest.fixture
def quiet(desk: Desk) -> Iterator[Desk]:
    """A desk whose copier leaves what is replayed in the copy queue."""
    desk.copier.pause()
    yield desk
    let_visibility_timeouts_pass(desk)
    desk.take_all("CopyDlqUrl")
    desk.take_all("CopyQueueUrl")


@pytest.fixture
def put_all(quiet: Desk) -> Callable[[], None]:
    """Puts all letters into the dead-letter queue."""
    bodies = [unheard_of(quiet, key) for key in KEYS]

    def put() -> None:
        for body in bodies:
            put_letter(quiet, body, with_reason())

    return put


def check_nothing_is_lost(desk: Desk) -> None:
    assert set(keys_in(desk, "CopyDlqUrl")) | set(keys_in(desk, "CopyQueueUrl")) == set(KEYS)


def check_the_same_command_goes_on(desk: Desk) -> None:
    code, _ = run(desk, REPLAY, StoppedAfter(0, signal.SIGKILL))
    assert (code, bool(depth(desk))) == (0, False)
    assert set(keys_in(desk, "CopyQueueUrl")) == set(KEYS)
    desk.take_all("CopyQueueUrl")


def test_a_replay_that_is_killed_at_every_step_in_turn_loses_nothing(quiet: Desk, put_all: Callable[[], None]) -> None:
    put_all()
    killed = gone_on = 0
    while True:
        code, _ = run(quiet, REPLAY, StoppedAfter(killed + 1, signal.SIGKILL))
        let_visibility_timeouts_pass(quiet)
        check_nothing_is_lost(quiet)
        if code != -signal.SIGKILL:
            break
        killed += 1
        # Where nothing has been sent, the next one to be killed is the one that goes on.
        if keys_in(quiet, "CopyQueueUrl"):
            check_the_same_command_goes_on(quiet)
            gone_on += 1
            put_all()
    assert (code, bool(depth(quiet))) == (0, False)
    # Each letter is received twice, sent and deleted; what goes on record comes before and after.
    assert killed >= 4 * len(KEYS) + 2
    assert gone_on >= 2 * len(KEYS)


@pytest.mark.parametrize(
    ("operation", "how"),
    [("PutEvents", signal.SIGINT), ("SendMessageBatch", signal.SIGTERM), ("DeleteMessageBatch", signal.SIGINT)],
)
def test_a_replay_that_is_stopped_makes_the_rest_visible_at_once_and_says_how_far_it_came(
    quiet: Desk, put_all: Callable[[], None], operation: str, how: signal.Signals
) -> None:
    put_all()
    code, told = run(quiet, REPLAY, StoppedAfter(1, how, operation))
    assert code == 130
    assert depth(quiet).in_flight == 0
    check_nothing_is_lost(quiet)
    left = depth(quiet).visible
    [line] = [line for line in told.splitlines() if line.startswith("stopped: ")]
    assert line.endswith(f"replayed, {left} left in the copy DLQ; the same command goes on")
    assert "Traceback" not in told
    check_the_same_command_goes_on(quiet)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_drop_that_is_killed_has_each_letter_in_the_queue_or_in_the_file(
    quiet: Desk, put_all: Callable[[], None], number: int
) -> None:
    put_all()
    code, told = run(quiet, DROP, StoppedAfter(number, signal.SIGKILL, "DeleteMessageBatch"))
    assert code == -signal.SIGKILL, told
    let_visibility_timeouts_pass(quiet)
    path = quiet.terminal.home / "dropped.jsonl"
    safe = [json.loads(json.loads(line)["Body"])["detail"]["object"]["key"] for line in path.read_text().splitlines()]
    path.unlink()
    assert len(keys_in(quiet, "CopyDlqUrl")) == len(KEYS) - number
    assert set(keys_in(quiet, "CopyDlqUrl")) | set(safe) == set(KEYS)
