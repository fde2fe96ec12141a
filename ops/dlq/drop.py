"""Drop: letters are written to a file, and deleted once they are safe on the disk."""

from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from shlex import quote

from ops.atomic_files import check_new
from ops.dlq.apply import Tally, apply
from ops.dlq.files import LetterFile, new_letter_file
from ops.dlq.letter import Letter
from ops.dlq.preview import Action, ApplyOptions, preview_and_ask
from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.results import Lines, Result
from ops.dlq.sweep import CONNECTIONS, Sweep
from ops.stack import Stack
from ops.terminal.prompts import note
from shared import times
from shared.operations import OperationKind


def drop_letters(stack: Stack, options: ApplyOptions, lines: Lines, *, to: Path | None) -> None:
    """Preview, ask, drop what was agreed on, and tell how it ended.

    Args:
        to: the new file to write the letters to; None: one of this moment's name.

    Raises:
        CopytrailError, BotoCoreError, ClientError: AWS did not answer, or refused; what is left is in the queue.
        CommandError: the file cannot be written, or some letters were refused or could not be seen.
    """
    queue = options.queue
    path = to or Path(f"dropped-letters-{times.now():%Y%m%dT%H%M%SZ}.jsonl")
    check_new(path)
    action = Action(
        kind=OperationKind.DROP,
        options=options,
        verb="dropping",
        would="be dropped",
        done=Result.DROPPED,
        into=f" into {path}",
        left_out_why="superseded since, and may have been copied last: `copytrail dlq replay` has the copier check"
        " that the newest is there",
        to_check_why="one may have been copied last, and `copytrail reconcile` tells whether the newest is there",
        more_filters={"to": str(path)},
        used_up="--to" if to else "",
    )
    with closing(stack.client("sqs", connections=CONNECTIONS + 1)) as sqs:
        letters = DeadLetterQueue(sqs, queue.dlq_url(stack))
        preview = preview_and_ask(stack, letters, action, lines)
        if preview is None:
            return
        with new_letter_file(path) as file:
            try:
                # One thread writes to the file.
                act = partial(_write_then_delete, file, queue)
                _, problem = apply(action, act, letters, preview, stack=stack, lines=lines)
            finally:
                _tell_file(path)
    if problem:
        raise problem
    preview.check_all(queue.dlq)


def _write_then_delete(
    file: LetterFile, queue: QueueName, tally: Tally, swept: Sweep, letters: Sequence[Letter]
) -> None:
    """Delete letters that are on the disk.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: the disk did not take the letters, and none of them is deleted.
    """
    file.append(letters, queue)
    still_there = swept.delete(letters)
    left = {letter.id for letter, _ in still_there}
    tally.enter([letter for letter in letters if letter.id not in left], Result.DROPPED)
    tally.refuse(still_there)


def _tell_file(path: Path) -> None:
    """Name the file, or remove one that nothing came to."""
    if path.stat().st_size:
        note(f"the letters are in {path}: `copytrail dlq import {quote(str(path))}` puts them back")
    else:
        path.unlink()
