"""Owns `copytrail dlq import`: letters from a file, back into the dead-letter queue."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops.aws.sqs_batches import MOST_ENTRIES
from ops.dlq.dead_letter_queue import CONNECTIONS, THREADS, DeadLetterQueue, Unseen
from ops.dlq.file_contents import Contents, contents_of
from ops.dlq.letter import Letter
from ops.dlq.letter_files import LettersOfFile, line_of
from ops.dlq.queues import QueueName, queue_choice
from ops.dlq.sending import send
from ops.dlq.threads import on_threads
from ops.failures import CommandError, UsageError
from ops.interrupts import uninterrupted
from ops.new_files import new_file
from ops.operations import operation
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import confirm, note, yes_option
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
@click.option("--queue", type=queue_choice(), help="Whose dead letters they are, where FILE does not say so.")
@click.option("--again", is_flag=True, help="Also what is in the dead-letter queue already: it is then there twice.")
@yes_option
@click.pass_obj
def import_(stack: Stack, *, file: Path, queue: QueueName | None, again: bool, yes: bool) -> None:
    """Put the letters of FILE, which `export` or `drop` wrote, into the dead-letter queue that they are from.

    What is there already is left out, so that a command that was stopped goes on when it is given again. A FILE with a
    line that is not a letter is not begun. Only its last line may be cut off, as on a full disk: the others are
    imported, and the exit code is 1. It is 4 where letters that somebody has in hand could not be looked at.

    What SQS did not take, or a stop left over, is then in FILE.rest, to be imported later. Who imported what is on
    record.
    """
    _check_ordinary(file)
    rest = file.with_name(f"{file.name}.rest")
    if rest.exists():
        raise UsageError(f"{rest} exists already: import that, and remove it")
    contents = contents_of(file, queue)
    if not contents.count:
        note(f"there is no letter in {file}: nothing is imported")
        contents.check_whole()
        return
    queue = contents.queue
    sqs, url = stack.client("sqs", connections=CONNECTIONS), queue.dlq_url(stack)
    unseen = Unseen() if again else _leave_out_what_is_there(DeadLetterQueue(sqs, url), contents, queue.dlq)
    if not contents.left:
        note(f"nothing is imported: {file} has nothing that is not in the {queue.dlq}; --again takes it all the same")
    elif confirm(f"Put {counted(contents.left, 'letter')} of {file} into the {queue.dlq}?", yes=yes):
        _import(stack, sqs, url, contents, rest)
    contents.check_whole()
    unseen.check()


def _check_ordinary(file: Path) -> None:
    if str(file) == "-":
        raise UsageError("- is read once only, and letters are read more than once: write them to a file")
    if file.is_dir():
        raise UsageError(f"{file} is a folder: name a file")
    if file.exists() and not file.is_file():
        raise UsageError(f"{file} is no ordinary file, and is read more than once: name a file")


def _leave_out_what_is_there(queue: DeadLetterQueue, contents: Contents, dlq: str) -> Unseen:
    with queue.sweep() as sweep, progress("Looking", total=sweep.waiting or None, unit="letters") as advance:
        for letters in sweep:
            advance(len(letters))
            contents.leave_out(letters)
    if contents.left_out:
        note(f"left out: {counted(contents.left_out, 'letter')} that the {dlq} has already; --again takes them in")
    if sweep.unseen:
        note(f"{sweep.unseen}: what is among them may then be there twice")
    return sweep.unseen


def _import(stack: Stack, sqs: "SQSClient", url: str, contents: Contents, rest: Path) -> None:
    dlq, file = contents.queue.dlq, contents.file
    wanted = contents.left
    with operation(stack, OperationKind.IMPORT, subject=dlq, filters={"file": str(file)}) as running:
        try:
            why = _send_all(sqs, url, contents)
        finally:
            running.count("imported", wanted - contents.left)
            running.count("left", contents.left)
            if contents.left:
                with uninterrupted():
                    _write_rest(rest, contents)
        if contents.left:
            raise CommandError(f"SQS did not take {counted(contents.left, 'letter')}: {why}")
    note(f"{counted(wanted, 'letter')} put into the {dlq}, by operation {running.id}")


def _send_all(sqs: "SQSClient", url: str, contents: Contents) -> str:
    """Send what is left, and mark what SQS took; what it said of the first letter that it did not."""
    said: list[str] = []

    def send_some(some: Sequence[_Numbered]) -> None:
        _, refused = send(sqs, url, [letter for _, letter in some])
        whys = {id(letter): why for letter, why in refused}
        for number, letter in some:
            if id(letter) not in whys:
                contents.done(number)
        said.extend(whys.values())
        advance(len(some))

    with progress("Importing", total=contents.left, unit="letters") as advance, on_threads(THREADS) as hand_over:
        # What is done while this goes on was taken before.
        letters = ((number, letter) for number, letter in _letters(contents) if not contents.is_done(number))
        while some := list(islice(letters, MOST_ENTRIES)):
            hand_over(partial(send_some, some))
    return said[0] if said else ""


def _letters(contents: Contents) -> "enumerate[Letter]":
    return enumerate(islice((stored.letter for stored in LettersOfFile(contents.file)), contents.count))


def _write_rest(rest: Path, contents: Contents) -> None:
    left = counted(contents.left, "letter")
    try:
        with new_file(rest) as opened:
            for number, letter in _letters(contents):
                if not contents.is_done(number):
                    opened.write(line_of(letter, contents.queue))
    except CommandError as error:
        note(f"{left} not imported; {error.message}; the same command leaves out what the queue has, and goes on")
    else:
        note(f"{left} not imported: {rest} has them")
