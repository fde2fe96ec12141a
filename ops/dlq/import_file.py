"""Import: the letters of a file are put back into the dead-letter queue that they are from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ops.aws.concurrency import run_in_order
from ops.aws.sqs import tens
from ops.dlq.files import LettersOfFile, write_letters
from ops.dlq.letter import Letter
from ops.dlq.queue import DeadLetterQueue, QueueName, send
from ops.dlq.sweep import CONNECTIONS, THREADS, Unseen, sweep
from ops.errors import CommandError, UsageError
from ops.interrupts import uninterrupted
from ops.operation_events import operation
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import confirm, note
from shared.operations import OperationKind

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_Numbered = tuple[int, Letter]


def import_letters(stack: Stack, file: Path, *, asked_for: QueueName | None, again: bool, yes: bool) -> None:
    """Read a file, ask, and put its letters into the dead-letter queue, but for those that are there already.

    Args:
        asked_for: the queue that the person says they are of, if any.
        again: also what is in the dead-letter queue already.
        yes: the person is not to be asked.

    Raises:
        CopytrailError, BotoCoreError, ClientError: AWS did not answer, or refused; what is left is in FILE.rest.
        CommandError: the file cannot be imported, or not all of it was.
    """
    _check_ordinary(file)
    rest = file.with_name(f"{file.name}.rest")
    if rest.exists():
        raise UsageError(f"{rest} exists already: import that, and remove it")
    contents = contents_of(file, asked_for)
    if not contents.count:
        note(f"there is no letter in {file}: nothing is imported")
        contents.check_whole()
        return
    queue = contents.queue
    sqs, url = stack.client("sqs", connections=CONNECTIONS), queue.dlq_url(stack)
    unseen = Unseen() if again else _leave_out_what_is_there(DeadLetterQueue(sqs, url), contents)
    if not contents.left:
        note(f"nothing is imported: {file} has nothing that is not in the {queue.dlq}; --again takes it all the same")
    elif confirm(f"Put {counted(len(contents.left), 'letter')} of {file} into the {queue.dlq}?", yes=yes):
        _import(stack, sqs, url, contents, rest)
    contents.check_whole()
    unseen.check()


class Contents:
    """The letters of a file, by their numbers. About 150 bytes of memory for each. May be shared by threads.

    `queue`: whose dead letters they are. `left`: the numbers of those still to be imported. `torn`: that of a last line
    which was cut off.
    """

    def __init__(self, file: Path, queue: QueueName, digests: list[bytes], torn: int | None) -> None:
        self.file = file
        self.queue = queue
        self.count = len(digests)
        self.left = set(range(self.count))
        self._torn = torn
        self._numbers: dict[bytes, list[int]] = {}
        for number, digest in enumerate(digests):
            self._numbers.setdefault(digest, []).append(number)

    def leave_out(self, there: Iterable[Letter]) -> None:
        """These are in the queue already: the same body waits there, whatever was added to its attributes."""
        for letter in there:
            if numbers := self._numbers.get(_digest(letter)):
                self.left.remove(numbers.pop())

    def letters_left(self) -> Iterable[_Numbered]:
        """Those still to be imported, read from the file again. What is done while this goes on was taken before."""
        letters = enumerate(islice((stored.letter for stored in LettersOfFile(self.file)), self.count))
        return ((number, letter) for number, letter in letters if number in self.left)

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


def _check_ordinary(file: Path) -> None:
    if str(file) == "-":
        raise UsageError("- is read once only, and letters are read more than once: write them to a file")
    if file.is_dir():
        raise UsageError(f"{file} is a folder: name a file")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is no ordinary file, and is read more than once: name a file")


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


def _leave_out_what_is_there(queue: DeadLetterQueue, contents: Contents) -> Unseen:
    with sweep(queue) as swept, progress("Reading", total=swept.waiting or None, unit="letter") as advance:
        for letters in swept:
            advance(len(letters))
            contents.leave_out(letters)
    if there := contents.count - len(contents.left):
        note(f"left out: {counted(there, 'letter')} that the {contents.queue.dlq} has already; --again takes them in")
    if swept.unseen:
        note(f"{swept.unseen}: what is among them may then be there twice")
    return swept.unseen


def _import(stack: Stack, sqs: "SQSClient", url: str, contents: Contents, rest: Path) -> None:
    dlq, file = contents.queue.dlq, contents.file
    before = len(contents.left)
    with (
        contents.queue.naming_its_policy(),
        operation(stack, OperationKind.IMPORT, subject=dlq, filters={"file": str(file)}) as running,
    ):
        try:
            why = _send_all(sqs, url, contents)
        finally:
            running.count("imported", before - len(contents.left))
            running.count("left", len(contents.left))
            if contents.left:
                with uninterrupted():
                    _write_rest(rest, contents)
        if contents.left:
            raise CommandError(f"SQS did not take {counted(len(contents.left), 'letter')}: {why}")
    note(f"{counted(before, 'letter')} put into the {dlq}, by operation {running.id}")


def _send_all(sqs: "SQSClient", url: str, contents: Contents) -> str:
    """Send what is left, and mark what SQS took; what it said of the first letter that it did not."""
    said: list[str] = []

    def send_some(some: Sequence[_Numbered]) -> None:
        refused = {id(letter): why for letter, why in send(sqs, url, [letter for _, letter in some]).refused}
        contents.left.difference_update(number for number, letter in some if id(letter) not in refused)
        said.extend(refused.values())
        advance(len(some))

    with progress("Importing", total=len(contents.left), unit="letter") as advance:
        run_in_order(send_some, tens(contents.letters_left()), threads=THREADS)
    return said[0] if said else ""


def _write_rest(rest: Path, contents: Contents) -> None:
    left = counted(len(contents.left), "letter")
    try:
        write_letters(rest, (letter for _, letter in contents.letters_left()), contents.queue)
    except CommandError as error:
        note(f"{left} not imported; {error.message}; the same command leaves out what the queue has, and goes on")
    else:
        note(f"{left} not imported: {rest} has them")
