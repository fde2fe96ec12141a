"""Owns `copytrail dlq replay`: sends dead letters back to their queue, those that still matter."""

from contextlib import ExitStack, closing

import click

from ops.audit.table import audit_query
from ops.dlq.acting import Deed, carry_out
from ops.dlq.aftermath import Aftermath, wait_for
from ops.dlq.dead_letter_queue import CONNECTIONS, DeadLetterQueue
from ops.dlq.preview import Preview, sources_of
from ops.dlq.previewing import show_preview, tell_preview
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.replaying import Replaying
from ops.dlq.results import Lines, Result
from ops.dlq.selection import Selection, all_option
from ops.params.numbers import rate_option
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.json import json_option
from ops.terminal.prompts import confirm, note, yes_option
from shared.operations import OperationKind

# Each group of letters is sent, then deleted: calls that the threads mostly wait for.
_THREADS = 8
_WHAT_NEXT = {
    QueueName.COPY: "copytrail audit list --since 5m",
    QueueName.AUDIT: "copytrail dlq ls --queue audit",
}

_EXAMPLES = """\b
Examples:
  $ copytrail dlq replay --reason AccessDenied --dry-run
  $ copytrail dlq replay --key-prefix reports/2026/ --since 7d --rate 50
  $ copytrail dlq replay --id 6f3a2c1e --yes
"""


@click.command(epilog=_EXAMPLES)
@queue_option
@Selection.options("selection")
@all_option
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

    First it looks, and shows what would go: letters of the copy queue are left out when their upload has been
    superseded or deleted at the source since. One that a delivery may have copied before it died, as after a crash,
    goes all the same, and the copier checks that the newest upload is at the destination. So does one whose source S3
    does not tell of: it is shown as NotKnown with the reason, and the exit code is 1. Letters that somebody else has in
    hand, or that did not come again, are told of, and the exit code is 4.

    Then it sends each letter, and deletes it once the queue has accepted it: stopped anywhere, nothing is lost, and the
    same command goes on. What becomes of each copy is a record of its own, and so is the replay.

    --wait tells what became of each: the exit code is 0 when all were copied, deleted or skipped, and 1 when one failed
    again or left no record. It ends after 20 minutes without news.
    """
    selection.check_all(everything=everything)
    lines = Lines(as_json=as_json)
    with ExitStack() as opened:
        sqs = opened.enter_context(closing(stack.client("sqs", connections=CONNECTIONS + _THREADS)))
        letters = DeadLetterQueue(sqs, queue.dlq_url(stack))
        sources = opened.enter_context(sources_of(stack, queue))
        preview = Preview(selection, sources=sources, include_superseded=include_superseded)
        show_preview(preview, letters, lines, dry_run=dry_run)
        tell_preview(
            preview,
            dlq=queue.dlq,
            would=f"go to the {queue} queue",
            filters=selection.as_options(),
            left_out_why="superseded since",
            to_check_why="a delivery may have copied one and died, and the copier checks that the newest is there",
        )
        question = f"Replay {counted(len(preview.going), 'letter')}?"
        if dry_run or not preview.going or not confirm(question, yes=yes):
            preview.check_all(queue.dlq)
            return
        replaying = Replaying(sqs, queue.url(stack))
        deed = Deed(
            kind=OperationKind.REPLAY,
            verb="replaying",
            done=Result.REPLAYED,
            dlq=queue.dlq,
            act=replaying.move,
            filters=selection.described() | ({"include-superseded": "yes"} if include_superseded else {}),
            threads=_THREADS,
            rate=rate,
            limit=selection.limit,
        )
        problem = carry_out(deed, stack, letters, preview, lines)
    aftermath = _wait(stack, replaying, lines) if wait else None
    if problem:
        raise problem
    if aftermath:
        aftermath.check()
    else:
        note(f"what becomes of them: {_WHAT_NEXT[queue]}")
    preview.check_all(queue.dlq)


def _wait(stack: Stack, replaying: Replaying, lines: Lines) -> Aftermath:
    replayed = replaying.replayed
    with lines.bar("waiting", total=len(replayed.expected)) as advance:
        aftermath = wait_for(replayed, audit_query(stack), lines, advance)
    aftermath.tell()
    lines.show_without_record(str(expected.success) for expected in aftermath.pending)
    return aftermath
