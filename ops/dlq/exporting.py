"""Owns `copytrail dlq export`: letters into a file, and the queue as it was."""

import sys
from itertools import chain
from pathlib import Path

import click

from ops.dlq.letter_files import line_of
from ops.dlq.looking import Look, looking
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.selection import Selection
from ops.new_files import check_new, new_file
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.prompts import note

_STDOUT = "-"
_EXAMPLES = """\b
Examples:
  $ copytrail dlq export letters.jsonl
  $ copytrail dlq export - --reason AccessDenied | jq -r .MessageId
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", metavar="FILE")
@queue_option
@Selection.options("selection")
@click.pass_obj
def export(stack: Stack, *, file: str, queue: QueueName, selection: Selection) -> None:
    """Write dead letters to FILE, one JSON object a line; - is stdout. They stay in the queue.

    FILE has its name only when it is whole. `copytrail dlq import` reads it. Letters that somebody else has in hand are
    not in it: the exit code is then 4.
    """
    if file != _STDOUT:
        check_new(Path(file))
    with looking(stack, queue, selection, with_progress=file != _STDOUT) as look:
        if file == _STDOUT:
            _write_to_stdout(look)
        else:
            _write_to_file(look, Path(file))
    if look.matched and file != _STDOUT:
        note(f"{counted(look.matched, 'letter')} written to {file}")
    look.tell()


def _write_to_stdout(look: Look) -> None:
    for letter in look:
        sys.stdout.buffer.write(line_of(letter, look.queue))
    sys.stdout.buffer.flush()


def _write_to_file(look: Look, path: Path) -> None:
    letters = iter(look)
    first = next(letters, None)
    if first is None:
        return
    with new_file(path) as opened:
        for letter in chain([first], letters):
            opened.write(line_of(letter, look.queue))
