"""Owns `copytrail dlq import`: letters from a file, back into the dead-letter queue."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.confirmation import confirm, yes_option
from ops.counts import counted
from ops.dlq import letter_files
from ops.dlq.batches import MOST_ENTRIES
from ops.dlq.dead_letter_queue import THREADS
from ops.dlq.interruption import uninterrupted
from ops.dlq.letter import Letter
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.sending import send
from ops.dlq.threads import on_threads
from ops.failures import Failure, Misconfigured
from ops.new_files import check_new
from ops.operations import operation
from ops.output import note
from ops.progress import progress
from ops.stack_outputs import Stack
from shared.operations import OperationKind

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_EXAMPLE = """\b
Example:
  $ copytrail dlq import letters.jsonl
"""

_Numbered = tuple[int, Letter]


@click.command("import", short_help="Put exported letters back into their queue.", epilog=_EXAMPLE)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@queue_option
@yes_option
@click.pass_obj
def import_(stack: Stack, *, file: Path, queue: QueueName, yes: bool) -> None:
    """Put the letters of FILE, which `export` or `drop` wrote, into the dead-letter queue, as they were.

    A FILE with a line that is not a letter is not begun. What SQS did not take, or a stop left over, is then in
    FILE.rest, to be imported later. Who imported what is on record.
    """
    rest = file.with_name(f"{file.name}.rest")
    check_new(rest)
    if file.exists() and not file.is_file():
        raise Misconfigured(f"{file} is no ordinary file, and is read more than once: name a file")
    count = sum(1 for _ in letter_files.read(file))
    if not count:
        note(f"there is no letter in {file}: nothing is imported")
        return
    sqs, url = stack.client("sqs", connections=THREADS), queue.dlq_url(stack)
    if not confirm(f"Put {counted(count, 'letter')} of {file} into the {queue.dlq}?", yes=yes):
        note("nothing is imported")
        return
    with operation(stack, OperationKind.IMPORT, subject=queue.dlq, filters={"file": str(file)}) as running:
        imported = _Imported(count)
        try:
            _send_all(sqs, url, file, imported)
        finally:
            running.count("imported", imported.number)
            running.count("left", imported.left)
            if imported.left:
                with uninterrupted():
                    _write_rest(file, rest, imported)
        if imported.left:
            raise Failure(f"SQS did not take {counted(imported.left, 'letter')}: {imported.why}")
    note(f"{counted(imported.number, 'letter')} put into the {queue.dlq}, by operation {running.id}")


class _Imported:
    """Which letters of a file SQS took, by their numbers: a byte for each. `why`: what it said of one it did not."""

    def __init__(self, count: int) -> None:
        self.why = ""
        self._taken = bytearray(count)

    @property
    def number(self) -> int:
        """How many it took."""
        return self._taken.count(1)

    @property
    def left(self) -> int:
        """How many it did not, or not yet."""
        return self._taken.count(0)

    def take(self, number: int) -> None:
        """SQS took this one."""
        self._taken[number] = 1

    def __contains__(self, number: int) -> bool:
        return bool(self._taken[number])


def _send_all(sqs: "SQSClient", url: str, file: Path, imported: _Imported) -> None:
    total = imported.left

    def send_some(some: Sequence[_Numbered]) -> None:
        _, refused = send(sqs, url, [letter for _, letter in some])
        whys = {id(letter): why for letter, why in refused}
        for number, letter in some:
            if id(letter) not in whys:
                imported.take(number)
        imported.why = imported.why or next(iter(whys.values()), "")
        advance(len(some))

    with progress("Importing", total=total, unit="letters") as advance, on_threads(THREADS) as hand_over:
        letters = islice(enumerate(letter_files.read(file)), total)
        while some := list(islice(letters, MOST_ENTRIES)):
            hand_over(partial(send_some, some))


def _write_rest(file: Path, rest: Path, imported: _Imported) -> None:
    letters = islice(enumerate(letter_files.read(file)), imported.number + imported.left)
    with letter_files.new_letter_file(rest) as opened:
        letter_files.append(opened, (letter for number, letter in letters if number not in imported))
    note(f"{counted(imported.left, 'letter')} not imported: {rest} has them")
