"""Checks of what must hold at every step: the witness sees all that AWS commits, and says what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from services.copier.model import Location, SecondsLeft
from services.copier.worker import CopyWorker, Performed
from shared.event_decoding import decode_request
from shared.events import Completion, CopyRequest, Outcome, Upload
from shared.lambda_runtime.message import DeadLetter, Message
from shared.log_id import log_id
from tests.fakes.s3 import StoredObject
from tests.simulation.history import SOURCE
from tests.simulation.scheduler import Scheduler, Task
from tests.simulation.trace import Trace


@dataclass(frozen=True)
class Asked:
    """Something that must end in a record: an upload's event, or an operator's request."""

    key: str
    place: int
    request: CopyRequest

    @property
    def log_id(self) -> str:
        """The LogID of its success."""
        return request_log_id(self.request)


@dataclass
class StepBack:
    """The destination went from a newer upload (`newer`) to an older one. `task` owes a healing before it acknowledges
    `message_id`; when it dies, whoever gets the message next does."""

    key: str
    newer: int
    message_id: str
    task: Task


@dataclass(frozen=True)
class Commit:
    """What one commit brought to the destination."""

    place: int
    etag: str
    source_version: str | None


class Witness:
    """Keeps what happened, and every violation."""

    def __init__(self, scheduler: Scheduler, trace: Trace, objects: Mapping[Location, StoredObject]) -> None:
        self.violations: list[str] = []
        self.uploads: dict[str, list[StoredObject]] = {}
        self.deleted: set[str] = set()
        self.asked: dict[str, Asked] = {}
        self.step_backs: list[StepBack] = []
        self.gone: set[str] = set()
        self._commits: dict[str, list[Commit]] = {}
        self._scheduler = scheduler
        self._trace = trace
        self._objects = objects

    def violated(self, what: str) -> None:
        """Keep a violation."""
        self._trace.add(f"VIOLATION: {what}")
        self.violations.append(what)

    def uploaded(self, key: str, stored: StoredObject) -> None:
        """The source has another upload."""
        self.uploads.setdefault(key, []).append(stored)

    def source_deleted(self, key: str) -> None:
        """The source has none any more: nothing newer is left that the destination could be healed with."""
        self.deleted.add(key)
        self.step_backs = [step for step in self.step_backs if step.key != key]

    def expect(self, key: str, place: int, request: CopyRequest) -> None:
        """This must end in a record."""
        asked = Asked(key, place, request)
        self.asked[asked.log_id] = asked

    def committed(self, key: str, held: StoredObject | None, made: StoredObject, source_version: str | None) -> None:
        """The destination holds something else now."""
        self._trace.add(f"destination {key}: {told(held)} → {told(made)}")
        self._commits.setdefault(key, []).append(Commit(made.place, _plain_etag(made), source_version))
        uploads = self.uploads[key]
        if not any(upload.body == made.body for upload in uploads):
            self.violated(f"the destination {key} holds {made.body!r}, which nobody uploaded")
        self.step_backs = [step for step in self.step_backs if step.key != key or made.place < step.newer]
        if held is not None and made.place < held.place:
            self._stepped_back(key, held, uploads)

    def accepted(self, completion: Completion) -> None:
        """EventBridge has taken an outcome."""
        task = self._scheduler.current
        self._trace.add(f"told {completion.outcome} {completion.reason or ''} {completion.upload.sequencer}")
        if task:
            task.accepted.add(completion.log_id)
        asked = self.asked.get(_log_id(completion.upload, completion.request_id))
        if asked is None:
            self.violated(f"an outcome of an upload that never was: {completion}")
        elif completion.outcome is Outcome.COPIED:
            self._check_copied(asked)
        elif completion.outcome is Outcome.SKIPPED:
            self._check_skipped(asked, completion)

    def lettered(self, letter: DeadLetter) -> None:
        """The DLQ has taken a letter."""
        self._trace.add(f"dead letter {letter.message.id}: {letter.error.reason}: {letter.error.message}")
        if self._scheduler.current:
            self._scheduler.current.lettered.add(letter.message.id)

    def continued(self, body: str) -> None:
        """The queue has taken a continuation."""
        self._trace.add("continuation sent")
        if self._scheduler.current:
            self._scheduler.current.continued.add(request_log_id(decode_request(body)))

    def acknowledged(self, message: Message, task: Task, gone: bool) -> None:
        """A message of the copy queue is done with: its outcome must have been taken, and what it did healed."""
        if gone:
            self.gone.add(message.id)
        identity = request_log_id(decode_request(message.body))
        passed_on = identity in task.continued or message.id in task.lettered
        if not (passed_on or identity in task.accepted):
            self.violated(f"{message.id} was deleted before its outcome was accepted")
        if passed_on:
            return
        for step in self.step_backs:
            owed = step.task is task or (gone and step.task not in self._scheduler.running)
            if step.message_id == message.id and owed:
                self.violated(f"{message.id} was acknowledged before its step back on {step.key} was healed")

    def _stepped_back(self, key: str, held: StoredObject, uploads: list[StoredObject]) -> None:
        # The hole that the design names: If-Match is blind to contents that return.
        returning = any(older.body == held.body for older in uploads[: held.place])
        if not returning:
            self.violated(f"the destination {key} went backwards")
        task = self._scheduler.current
        # With the source deleted there is nothing left to heal it with: docs/reliability.md says so.
        if task and Location(SOURCE, key) in self._objects:
            self.step_backs.append(StepBack(key, held.place, task.delivery, task))

    def _check_copied(self, asked: Asked) -> None:
        upload = asked.request.upload
        if not any(
            commit.place >= asked.place
            and commit.etag == upload.etag.partition("-")[0]
            and (upload.version_id is None or commit.source_version == upload.version_id)
            for commit in self._commits.get(asked.key, ())
        ):
            self.violated(f"Copied was told of {asked.key} {upload.sequencer}, and no such copy was committed")

    def _check_skipped(self, asked: Asked, completion: Completion) -> None:
        if completion.reason == "SourceDeleted":
            if asked.key not in self.deleted:
                self.violated(f"SourceDeleted was told of {asked.key}, which nobody deleted")
        elif asked.place + 1 >= len(self.uploads[asked.key]):
            self.violated(f"Superseded was told of {asked.key} #{asked.place}, which was the newest")


class Watched:
    """The copier's worker, with the message that a task works on told to the witness."""

    def __init__(self, worker: CopyWorker, scheduler: Scheduler) -> None:
        self._worker = worker
        self._scheduler = scheduler
        self.publish = worker.publish

    def perform(self, message: Message, seconds_left: SecondsLeft) -> Performed:
        """Perform, under the message's name."""
        if self._scheduler.current:
            self._scheduler.current.delivery = message.id
        return self._worker.perform(message, seconds_left)


def request_log_id(request: CopyRequest) -> str:
    """The LogID under which a request's success is recorded."""
    return _log_id(request.upload, request.request_id)


@lru_cache(maxsize=1024)
def _log_id(upload: Upload, request_id: str | None) -> str:
    return log_id(
        bucket=upload.bucket,
        key=upload.key,
        version_id=upload.version_id,
        etag=upload.etag,
        sequencer=upload.sequencer,
        request_id=request_id,
    )


def _plain_etag(stored: StoredObject) -> str:
    return stored.etag.partition("-")[0]


def told(stored: StoredObject | None) -> str:
    """An object as stories tell it: place in the key's history, bytes/metadata/tags."""
    if stored is None:
        return "nothing"
    metadata, tags = (",".join(value for _, value in pairs) for pairs in (stored.metadata, stored.tags))
    return f"#{stored.place} {stored.body.decode()}/{metadata}/{tags}"
