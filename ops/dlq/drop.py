"""Owns `copytrail dlq drop`: deletes dead letters, once they are safe in a file."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from shlex import quote

import click

from ops.dlq.account import Account
from ops.dlq.acting import Deed, carry_out
from ops.dlq.dead_letter_queue import CONNECTIONS, DeadLetterQueue, Sweep
from ops.dlq.letter import Letter
from ops.dlq.letter_files import LetterFile, new_letter_file
from ops.dlq.preview import Preview, sources_of
from ops.dlq.previewing import show_preview, tell_preview
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.results import Lines, Result
from ops.dlq.selection import Selection, all_option
from ops.failures import UsageError
from ops.new_files import check_new
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.json import json_option
from ops.terminal.prompts import confirm, note, yes_option
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
@Selection.options("selection")
@all_option
@click.option(
    "--include-superseded",
    is_flag=True,
    help="Also what has been superseded since, and may have been copied last.",
)
@click.option(
    "--to",
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
    include_superseded: bool,
    to: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete dead letters, each once it is safe in a file.

    Nobody will copy what they ask for: `copytrail dlq import` puts the letters of the file back.

    Left out is what was superseded at the source since when a delivery may have copied it and died, as after a crash:
    replayed, it has the copier check that the newest upload is at the destination. Letters that somebody else has in
    hand, or that did not come again, are told of, and the exit code is 4.
    """
    selection.check_all(everything=everything)
    if not everything and not selection.described():
        raise UsageError("this would drop every letter: name some with a filter, or say --all")
    path = to or Path(f"dropped-letters-{times.now():%Y%m%dT%H%M%SZ}.jsonl")
    check_new(path)
    lines = Lines(as_json=as_json)
    with ExitStack() as opened:
        sqs = opened.enter_context(closing(stack.client("sqs", connections=CONNECTIONS + 1)))
        letters = DeadLetterQueue(sqs, queue.dlq_url(stack))
        sources = opened.enter_context(sources_of(stack, queue))
        preview = Preview(selection, sources=sources, include_superseded=include_superseded, drops=True)
        show_preview(preview, letters, lines, dry_run=dry_run)
        tell_preview(
            preview,
            dlq=queue.dlq,
            would="be dropped",
            filters=selection.as_options(),
            left_out_why="superseded since, and may have been copied last: `copytrail dlq replay` has the copier check"
            " that the newest is there",
            to_check_why="one may have been copied last, and `copytrail reconcile` tells whether the newest is there",
        )
        question = f"Drop {counted(len(preview.going), 'letter')} into {path}?"
        if dry_run or not preview.going or not confirm(question, yes=yes):
            preview.check_all(queue.dlq)
            return
        with new_letter_file(path) as file:
            deed = Deed(
                kind=OperationKind.DROP,
                verb="dropping",
                done=Result.DROPPED,
                dlq=queue.dlq,
                act=_Dropping(file, queue).drop,
                filters=selection.described()
                | ({"include-superseded": "yes"} if include_superseded else {})
                | {"to": str(path)},
                limit=selection.limit,
                used_up=("--to",) if to else (),
            )
            try:
                problem = carry_out(deed, stack, letters, preview, lines)
            finally:
                _tell_file(path)
    if problem:
        raise problem
    preview.check_all(queue.dlq)


class _Dropping:
    """Writes letters to a file, and deletes those that are on the disk. Not to be shared by threads."""

    def __init__(self, file: LetterFile, queue: QueueName) -> None:
        self._file = file
        self._queue = queue

    def drop(self, account: Account, sweep: Sweep, letters: Sequence[Letter]) -> None:
        """Write, then delete.

        Raises:
            CopytrailError: SQS did not answer.
            CommandError: the disk did not take the letters, and none of them is deleted.
        """
        self._file.append(letters, self._queue)
        still_there = sweep.delete(letters)
        kept = {letter.id for letter, _ in still_there}
        account.enter([letter for letter in letters if letter.id not in kept], Result.DROPPED)
        account.refuse(still_there)


def _tell_file(path: Path) -> None:
    """Name the file, or remove one that nothing came to."""
    if path.stat().st_size:
        note(f"the letters are in {path}: `copytrail dlq import {quote(str(path))}` puts them back")
    else:
        path.unlink()
