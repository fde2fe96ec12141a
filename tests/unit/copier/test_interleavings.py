"""The never-backwards rule in every interleaving of small histories, with a crash anywhere, and without each step.

The real `NewestOnly` runs on an S3 whose CopyObject is two atomic steps: source check and snapshot, then destination
check and commit. A copier's state is what it was told so far, so that no state is walked twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import greenlet
import pytest

from services.copier.conditional_copy import ConditionalCopy
from services.copier.model import (
    ConditionRefusedError,
    Copied,
    CopyCommand,
    CopyResult,
    DestinationState,
    Location,
    ObjectHead,
    Skipped,
    Target,
)
from services.copier.multipart import MultipartCopy
from services.copier.newest_only import NewestOnly
from shared.copy_plan import PartSizes
from shared.events import Upload
from shared.routes import Route

ROUTE = Route(source_bucket="in", destination_bucket="out")
SIZES = PartSizes(threshold=1024, part=1024)
START = datetime(2026, 11, 23, tzinfo=UTC)

Action = tuple[str, int]


class CrashError(BaseException):
    """Not an Exception: nothing may clean up after it."""


@dataclass
class Copier:
    """One upload's message. `seen`: what S3 has answered to the present delivery."""

    thread: greenlet.greenlet
    retried: bool = False
    seen: list[object] = field(default_factory=list)
    outcome: Copied | Skipped | None = None


class Unverified(NewestOnly):
    """The rule without its last step."""

    def verify_source(self, command: CopyCommand, source: ObjectHead, result: CopyResult) -> bool:
        return True


class World:
    """One key, its uploads in order, and a copier for each. The destination holds the number of an upload, or none.

    `missing`: what the rule has to do without.
    """

    def __init__(self, contents: str, crashes: int, missing: str | None) -> None:
        self.contents = contents
        self.crashes_left = crashes
        self.uploaded = 0
        self.destination: int | None = None
        self.committed: set[tuple[int, int]] = set()
        self._missing = missing
        self._hub = greenlet.getcurrent()
        self._running = 0
        no_parts = MultipartCopy(cast(Any, None), cast(Any, None), width=1, warn=_nothing)
        rule = Unverified if missing == "verify_source" else NewestOnly
        copies = ConditionalCopy(cast(Any, self), no_parts, SIZES, _nothing)
        self._rule = rule(copies, sleep=_nothing, warn=_nothing)
        self.copiers = [self._delivered(number, retried=False) for number in range(len(contents))]

    def actions(self) -> Iterator[Action]:
        """All that could happen next."""
        if self.uploaded < len(self.contents):
            yield ("upload", 0)
        for number, copier in enumerate(self.copiers[: self.uploaded]):
            if copier.outcome is None:
                yield ("step", number)
                if copier.seen and self.crashes_left:
                    yield ("crash", number)

    def act(self, action: Action) -> None:
        """Let it happen."""
        kind, number = action
        if kind == "upload":
            self.uploaded += 1
        elif kind == "step":
            self._running = number
            self.copiers[number].thread.switch()
        else:
            self.crashes_left -= 1
            self.copiers[number].thread.throw(CrashError)
            self.copiers[number] = self._delivered(number, retried=True)

    @property
    def state(self) -> object:
        return (
            self.uploaded,
            self.destination,
            self.crashes_left,
            tuple((copier.retried, copier.outcome, tuple(copier.seen)) for copier in self.copiers),
        )

    def fault(self) -> str | None:
        """What is wrong, once every message has gone."""
        if any(copier.outcome is None for copier in self.copiers):
            return None
        if self.destination != len(self.contents) - 1:
            return "the destination ends with an older upload"
        for number, copier in enumerate(self.copiers):
            is_newest = number == len(self.contents) - 1
            if isinstance(copier.outcome, Skipped) and is_newest:
                return "the newest upload ends as superseded"
            told = {self.contents[made] for by, made in self.committed if by == number}
            if isinstance(copier.outcome, Copied) and self.contents[number] not in told:
                return "an upload ends as copied that was not copied"
        return None

    def end(self) -> None:
        """Stop every copier where it is."""
        for copier in self.copiers:
            if copier.thread:
                copier.thread.throw(CrashError)

    def copy(
        self, source: Location, etag: str, target: Target, *, if_match: str | None, version_id: None = None
    ) -> CopyResult:
        self._yield()
        newest = self.uploaded - 1
        if self._missing != "source condition" and self.contents[newest] != etag:
            self._saw("refused")
            raise ConditionRefusedError
        self._saw(newest)
        self._yield()
        if self._missing == "destination read before the source":
            if_match = self._etag()
            self._saw(if_match)
            self._yield()
        if self._missing != "destination condition" and self._etag() != if_match:
            self._saw("refused")
            raise ConditionRefusedError
        self._saw("committed")
        self.destination = newest
        self.committed.add((self._running, newest))
        return CopyResult(etag, None, None, None)

    def head_object(self, source: Location, version_id: None = None) -> ObjectHead:
        self._yield()
        newest = self.uploaded - 1
        self._saw(newest)
        return ObjectHead(self.contents[newest], None, 1, _moment(newest))

    def head_destination(self, destination: Location) -> DestinationState:
        self._yield()
        state = DestinationState(self._etag(), _moment(self.uploaded))
        self._saw(state)
        return state

    def _etag(self) -> str | None:
        return None if self.destination is None else self.contents[self.destination]

    def _delivered(self, number: int, *, retried: bool) -> Copier:
        upload = Upload(bucket="in", key="k", etag=self.contents[number], size=1, uploaded_at=_moment(number))
        known_as_retried = retried and self._missing != "retried"
        command = CopyCommand(upload, ROUTE, lambda: 900, retried=known_as_retried)

        def run() -> None:
            try:
                self.copiers[number].outcome = self._rule.copy(command)
            except CrashError:
                return

        thread = greenlet.greenlet(run)
        # To its first request, which has no effect yet.
        thread.switch()
        return Copier(thread, retried)

    def _yield(self) -> None:
        self._hub.switch()

    def _saw(self, answer: object) -> None:
        self.copiers[self._running].seen.append(answer)


def _nothing(*_: object) -> None:
    """Time stands still here, and nobody listens."""


def _moment(uploads: int) -> datetime:
    return START + timedelta(seconds=10 * uploads)


def walk(contents: str, *, crashes: int, missing: str | None = None) -> tuple[int, str | None]:
    """How many states there are, and the first fault found in them."""
    known: set[object] = set()
    waiting: list[tuple[Action, ...]] = [()]
    while waiting:
        path = waiting.pop()
        world = World(contents, crashes, missing)
        for action in path:
            world.act(action)
        while world.state not in known:
            known.add(world.state)
            if fault := world.fault():
                world.end()
                return len(known), f"{fault}: {path}"
            actions = list(world.actions())
            if not actions:
                break
            waiting += [(*path, action) for action in actions[1:]]
            path = (*path, actions[0])
            world.act(actions[0])
        world.end()
    return len(known), None


@pytest.mark.parametrize(
    ("contents", "crashes"), [("AB", 2), ("AA", 2), ("AAB", 0), ("ABB", 0), ("ABC", 0), ("AAA", 1), ("ABA", 1)]
)
def test_the_rule_ends_with_the_newest_upload_in_every_interleaving(contents: str, crashes: int) -> None:
    states, fault = walk(contents, crashes=crashes)

    assert fault is None
    assert states > 200


@pytest.mark.parametrize(
    ("missing", "contents", "crashes"),
    [
        ("source condition", "AB", 0),
        ("destination condition", "AB", 0),
        ("destination read before the source", "AB", 0),
        ("verify_source", "ABA", 0),
        ("verify_source", "AAA", 0),
        ("retried", "ABA", 1),
    ],
)
def test_without_any_of_its_steps_an_interleaving_goes_wrong(missing: str, contents: str, crashes: int) -> None:
    assert walk(contents, crashes=crashes, missing=missing)[1] is not None


@pytest.mark.parametrize("missing", ["verify_source", "retried"])
def test_two_uploads_of_different_contents_need_the_conditions_alone(missing: str) -> None:
    assert walk("AB", crashes=2, missing=missing)[1] is None
