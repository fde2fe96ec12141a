"""The `copytrail dlq` subcommands, their options and arguments."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ops.atomic_files import check_new
from ops.dlq.drop import drop_letters
from ops.dlq.files import line_of, write_letters
from ops.dlq.import_file import import_letters
from ops.dlq.preview import ApplyOptions
from ops.dlq.queue import QueueName
from ops.dlq.replay import replay_letters
from ops.dlq.results import Lines
from ops.dlq.selection import LetterId, Selection
from ops.dlq.snapshot import find, snapshot
from ops.dlq.tables import print_letter, print_letters, print_summary, summary_of, to_json
from ops.errors import UsageError
from ops.params.numbers import rate_option
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.json import json_option, print_json
from ops.terminal.prompts import note, yes_option
from shared import times

_STDOUT = "-"


# click calls an enum's members by their names, in capitals.
_queue_settings: Mapping[str, Any] = {
    "type": click.Choice([name.value for name in QueueName]),
    "callback": lambda _ctx, _option, value: value and QueueName(value),
}
_queue_option = click.option(
    "--queue", default=QueueName.COPY.value, show_default=True, help="Whose dead letters.", **_queue_settings
)
_all_option = click.option("--all", "everything", is_flag=True, help="Every letter that is ours: instead of a filter.")


@click.group()
def dlq() -> None:
    """Dead-lettered messages, or letters: what failed, and why. Replay them, or drop them."""


@dlq.command(
    epilog="""\b
Examples:
  $ copytrail dlq ls
  $ copytrail dlq ls --summary
  $ copytrail dlq ls --reason AccessDenied --key-prefix reports/2026/ --since 1d
  $ copytrail dlq ls --queue audit --json | jq -r .Message
"""
)
@_queue_option
@Selection.options("selection")
@click.option("--summary", is_flag=True, help="How many there are for each reason, and the oldest.")
@json_option
@click.pass_obj
def ls(stack: Stack, *, queue: QueueName, selection: Selection, summary: bool, as_json: bool) -> None:
    """List dead letters, each once, in no order: SQS knows none.

    Listing changes nothing. While it lasts, others do not see the letters. Where others have received some, or not all
    came that SQS counts, that is told, and the exit code is 4. Reason "NoReasonRecorded": SQS itself put the letter
    there, after a crash or a time-out. Reason "NotOurs": the body is no event that copytrail knows. The beginning of
    the id is enough for `show` and `--id`.

    Into a pipe, with tabs between: message id, first seen, age in seconds, attempts, size in bytes, reason, bucket,
    key, message; with --summary: reason, letters, the oldest's first seen and age, the newest's first seen, an example.
    """
    now = times.now()
    with snapshot(stack, queue, selection, with_progress=summary) as letters:
        if summary:
            found = summary_of(letters)
        else:
            print_letters(letters, now, as_json=as_json)
    if summary:
        print_summary(found, now, as_json=as_json)
    letters.tell()


@dlq.command(
    short_help="Show all of one dead letter, its body included.",
    epilog="""\b
Examples:
  $ copytrail dlq show 9f1c22ab
  $ copytrail dlq show 9f1c22ab --json | jq -r .Body | jq .detail
""",
)
@click.argument("id_", metavar="ID", type=LetterId())
@_queue_option
@json_option
@click.pass_obj
def show(stack: Stack, *, id_: str, queue: QueueName, as_json: bool) -> None:
    """Show all of one dead letter: what it is about, why it is there, its attributes and its body.

    ID is its message id or its LogID, or how that begins, 8 characters at least. A whole ID is found sooner.
    The exit code is 1 where no letter has it, and 4 where not every letter could be seen.
    """
    letter, now = find(stack, queue, id_), times.now()
    if as_json:
        print_json(to_json(letter, now))
    else:
        print_letter(letter, now)


@dlq.command(
    epilog="""\b
Examples:
  $ copytrail dlq replay --reason AccessDenied --dry-run
  $ copytrail dlq replay --key-prefix reports/2026/ --since 7d --rate 50
  $ copytrail dlq replay --id 6f3a2c1e --yes
"""
)
@_queue_option
@Selection.options("selection")
@_all_option
@click.option(
    "--include-superseded", is_flag=True, help="Also what has been superseded or deleted at the source since."
)
@rate_option
@click.option("--wait", is_flag=True, help="Wait until each has left a record, and tell what became of it.")
@click.option("--dry-run", is_flag=True, help="Only show what would be replayed.")
@yes_option
@json_option
@click.pass_obj
def replay(
    stack: Stack,
    *,
    queue: QueueName,
    selection: Selection,
    everything: bool,
    include_superseded: bool,
    rate: float | None,
    wait: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send dead letters back to their queue, once the cause is mended.

    First it shows what would go: letters of the copy queue are left out when their upload has been superseded or
    deleted at the source since. One that a delivery may have copied before it died, as after a crash, goes all the
    same, and the copier checks that the newest upload is at the destination. So does one whose source S3 does not tell
    of: it is shown as NotKnown with the reason, and the exit code is 1. Letters that somebody else has received, or
    that did not come again, are told of, and the exit code is 4.

    Then it sends each letter, and deletes it once the queue has accepted it: stopped anywhere, nothing is lost, and the
    same command goes on. What becomes of each copy is a record of its own, and so is the replay.

    --wait tells what became of each: the exit code is 0 when all were copied, deleted or skipped, and 1 when one failed
    again or left no record. It ends after 20 minutes without news.
    """
    selection.check_all(everything=everything)
    options = ApplyOptions(queue, selection, include_superseded=include_superseded, dry_run=dry_run, yes=yes)
    replay_letters(stack, options, Lines(as_json=as_json), rate=rate, wait=wait)


@dlq.command(
    epilog="""\b
Examples:
  $ copytrail dlq drop --reason NoRoute --dry-run
  $ copytrail dlq drop --key-glob 'tmp/*' --until 7d --to dropped.jsonl
  $ copytrail dlq drop --all --yes
"""
)
@_queue_option
@Selection.options("selection")
@_all_option
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
    replayed, it has the copier check that the newest upload is at the destination. Letters that somebody else has
    received, or that did not come again, are told of, and the exit code is 4.
    """
    selection.check_all(everything=everything)
    if not everything and not selection.described():
        raise UsageError("this would drop every letter: name some with a filter, or say --all")
    options = ApplyOptions(queue, selection, include_superseded=include_superseded, dry_run=dry_run, yes=yes)
    drop_letters(stack, options, Lines(as_json=as_json), to=to)


@dlq.command(
    epilog="""\b
Examples:
  $ copytrail dlq export letters.jsonl
  $ copytrail dlq export - --reason AccessDenied | jq -r .MessageId
"""
)
@click.argument("file", metavar="FILE")
@_queue_option
@Selection.options("selection")
@click.pass_obj
def export(stack: Stack, *, file: str, queue: QueueName, selection: Selection) -> None:
    """Write dead letters to FILE, one JSON object a line; - is stdout. They stay in the queue.

    FILE has its name only when it is whole. `copytrail dlq import` reads it. Letters that somebody else has received
    are not in it: the exit code is then 4.
    """
    to_stdout = file == _STDOUT
    if not to_stdout:
        check_new(Path(file))
    with snapshot(stack, queue, selection, with_progress=not to_stdout) as letters:
        if to_stdout:
            for letter in letters:
                sys.stdout.buffer.write(line_of(letter, queue))
            sys.stdout.buffer.flush()
        else:
            write_letters(Path(file), letters, queue)
    if not to_stdout:
        written = f"{counted(letters.matched, 'letter')} written to {file}"
        note(written if letters.matched else f"nothing was written: there is no file {file}")
    letters.tell()


@dlq.command(
    "import",
    short_help="Put exported letters back into their queue.",
    epilog="""\b
Example:
  $ copytrail dlq import letters.jsonl
""",
)
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--queue", help="Whose dead letters they are, where FILE does not say so.", **_queue_settings)
@click.option("--again", is_flag=True, help="Also what is in the dead-letter queue already: it is then there twice.")
@yes_option
@click.pass_obj
def import_(stack: Stack, *, file: Path, queue: QueueName | None, again: bool, yes: bool) -> None:
    """Put the letters of FILE, which `export` or `drop` wrote, into the dead-letter queue that they are from.

    What is there already is left out, so that a command that was stopped goes on when it is given again. A FILE with a
    line that is not a letter is not begun. Only its last line may be cut off, as on a full disk: the others are
    imported, and the exit code is 1. It is 4 where letters that somebody has received could not be seen.

    What SQS did not take, or a stop left over, is then in FILE.rest, to be imported later. Who imported what is on
    record.
    """
    import_letters(stack, file, asked_for=queue, again=again, yes=yes)
