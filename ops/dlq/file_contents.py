"""Owns what a file of letters holds: how many, of which queue, and which of them are still to be imported."""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from ops.dlq.letter import Letter
from ops.dlq.letter_files import LettersOfFile
from ops.dlq.queues import QueueName
from ops.failures import CommandError, UsageError
from ops.terminal.formats import counted
from ops.terminal.prompts import note


class Contents:
    """The letters of a file, by their numbers. About 100 bytes of memory for each. May be shared by threads.

    `queue`: whose dead letters they are. `torn`: the number of a last line that was cut off.
    """

    def __init__(self, file: Path, queue: QueueName, digests: list[bytes], torn: int | None) -> None:
        self.file = file
        self.queue = queue
        self.left_out = 0
        self._torn = torn
        self._done = bytearray(len(digests))
        self._numbers: dict[bytes, list[int]] = {}
        for number, digest in enumerate(digests):
            self._numbers.setdefault(digest, []).append(number)

    @property
    def count(self) -> int:
        """How many letters the file has."""
        return len(self._done)

    @property
    def left(self) -> int:
        """How many are still to be imported."""
        return self._done.count(0)

    def leave_out(self, there: Iterable[Letter]) -> None:
        """These are in the queue already: the same body waits there, whatever was added to its attributes."""
        for letter in there:
            if numbers := self._numbers.get(_digest(letter)):
                self.done(numbers.pop())
                self.left_out += 1

    def done(self, number: int) -> None:
        """This letter is in the queue."""
        self._done[number] = 1

    def is_done(self, number: int) -> bool:
        """Whether a letter is in the queue."""
        return bool(self._done[number])

    def check_whole(self) -> None:
        """Let a file pass of which every line could be read.

        Raises:
            CommandError: the last line was cut off.
        """
        if self._torn is not None:
            raise CommandError(f"line {self._torn} of {self.file}, its last, is cut off: what it held is not imported")


def contents_of(file: Path, asked_for: QueueName | None) -> Contents:
    """Read a file of letters.

    Args:
        asked_for: the queue that the person says they are of, if any.

    Raises:
        CommandError: a line is not a letter, the file cannot be read, or its letters are not all of one queue, the
            one that is asked for.
    """
    letters = LettersOfFile(file)
    digests: list[bytes] = []
    said, held = Counter[QueueName](), Counter[QueueName | None]()
    for letter, queue in letters:
        digests.append(_digest(letter))
        if queue:
            said[queue] += 1
        else:
            held[_queue_of(letter)] += 1
    if torn := letters.torn:
        note(f"line {torn} of {file}, its last, is cut off, and is left out")
    known = said + Counter({queue: number for queue, number in held.items() if queue})
    queue = _the_one(file, known, asked_for) if digests else QueueName.COPY
    if held and not asked_for:
        note(f"{file} does not say whose dead letters these are: by what it holds, the {queue} queue's")
    return Contents(file, queue, digests, torn)


def _the_one(file: Path, known: Counter[QueueName], asked_for: QueueName | None) -> QueueName:
    if asked_for:
        if others := known.total() - known[asked_for]:
            raise UsageError(f"{counted(others, 'letter')} of {file} not of the {asked_for} queue: leave --queue out")
        return asked_for
    if len(known) > 1:
        numbers = " and ".join(f"{number:,} of the {queue} queue" for queue, number in sorted(known.items()))
        raise UsageError(
            f"{file} has letters of both queues, {numbers}: make it two files, by `jq -c 'select(.Queue == \"copy\")'`"
        )
    if not known:
        raise UsageError(f"{file} does not say of which queue its letters are: name it with --queue")
    return next(iter(known))


def _queue_of(letter: Letter) -> QueueName | None:
    """Whose dead letter it is by what it is about; None: it is not ours."""
    if letter.upload is None and not letter.title:
        return None
    return QueueName.COPY if letter.request else QueueName.AUDIT


def _digest(letter: Letter) -> bytes:
    return blake2b(letter.body.encode(), digest_size=16).digest()
