"""Owns `copytrail dlq drop`: deletes dead letters, once they are safe in a file."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

import click

from ops.confirmation import confirm, yes_option
from ops.counts import counted
from ops.dlq.account import Account
from ops.dlq.acting import Deed, carry_out
from ops.dlq.dead_letter_queue import THREADS, DeadLetterQueue, Sweep
from ops.dlq.letter import Letter
from ops.dlq.letter_files import append, new_letter_file
from ops.dlq.preview import Preview
from ops.dlq.previewing import show_preview, tell_preview
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.results import Lines, Result
from ops.dlq.selection import Selection, selection_options
from ops.failures import Misconfigured
from ops.new_files import check_new
from ops.output import json_option, note
from ops.stack_outputs import Stack
from shared import times
from shared.operations import OperationKind

_EXAMPLES = """\b
Examples:
  $ copytrail dlq drop --reason NoRoute --dry-run
  $ copytrail dlq drop --key-glob 'tmp/*' --until 7d --to dropped.jsonl
  $ copytrail dlq drop --all --yes
"""


@click.command(epilog=_EXAMPLES)
@queue_option
@selection_options
@click.option("--all", "everything", is_flag=True, help="Every letter that is ours: instead of a filter.")
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file to write the letters to.  [default: dropped-letters-TIME.jsonl]",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be dropped.")
@yes_option
@json_option
@click.pass_obj
def drop(
    stack: Stack,
    *,
    queue: QueueName,
    selection: Selection,
    everything: bool,
    path: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete dead letters, each once it is safe in a file.

    Nobody will copy what they ask for: `copytrail dlq import` puts the letters of the file back.
    """
    if not everything and not selection.described():
        raise Misconfigured("this would drop every letter: name some with a filter, or say --all")
    path = path or Path(f"dropped-letters-{times.now():%Y%m%dT%H%M%SZ}.jsonl")
    check_new(path)
    lines = Lines(as_json=as_json)
    with closing(stack.client("sqs", connections=THREADS + 2)) as sqs:
        letters = DeadLetterQueue(sqs, queue.dlq_url(stack))
        preview = Preview(selection)
        show_preview(preview, letters, lines, dry_run=dry_run)
        tell_preview(preview, dlq=queue.dlq, would="be dropped", filters=selection.as_options())
        question = f"Drop {counted(len(preview.going), 'letter')} into {path}?"
        if dry_run or not preview.going or not confirm(question, yes=yes):
            return
        with new_letter_file(path) as file:
            deed = Deed(
                kind=OperationKind.DROP,
                verb="dropping",
                done=Result.DROPPED,
                dlq=queue.dlq,
                act=_Dropping(file).drop,
                filters=selection.described() | {"to": str(path)},
            )
            try:
                carry_out(deed, stack, letters, preview, lines)
            finally:
                _tell_file(path)


class _Dropping:
    """Writes letters to a file, and deletes those that are on the disk. Not to be shared by threads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def drop(self, account: Account, sweep: Sweep, letters: Sequence[Letter]) -> None:
        """Write, then delete.

        Raises:
            CopytrailError: SQS did not answer.
            OSError: the disk did not take the letters, and none of them is deleted.
        """
        append(self._file, letters)
        still_there = sweep.delete(letters)
        kept = {letter.id for letter, _ in still_there}
        account.enter([letter for letter in letters if letter.id not in kept], Result.DROPPED)
        account.refuse(still_there)


def _tell_file(path: Path) -> None:
    """Name the file, or remove one that nothing came to."""
    if path.stat().st_size:
        note(f"the letters are in {path}: `copytrail dlq import {path}` puts them back")
    else:
        path.unlink()
