"""Owns `copytrail dlq ls`: each dead letter once, or how many there are for each reason."""

import click

from ops.dlq.letter_json import to_json
from ops.dlq.letter_table import print_letters
from ops.dlq.looking import looking
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.selection import Selection
from ops.dlq.summary import Summary, print_summary
from ops.stack import Stack
from ops.terminal.json import json_option, print_json
from shared import times

_EXAMPLES = """\b
Examples:
  $ copytrail dlq ls
  $ copytrail dlq ls --summary
  $ copytrail dlq ls --reason AccessDenied --key-prefix reports/2026/ --since 1d
  $ copytrail dlq ls --queue audit --json | jq -r .Message
"""


@click.command(epilog=_EXAMPLES)
@queue_option
@Selection.options("selection")
@click.option("--summary", is_flag=True, help="How many there are for each reason, and the oldest.")
@json_option
@click.pass_obj
def ls(stack: Stack, *, queue: QueueName, selection: Selection, summary: bool, as_json: bool) -> None:
    """List dead letters, each once, in no order: SQS knows none.

    Looking changes nothing. While it lasts, others do not see the letters. Where others have some in hand, or not all
    came that SQS counts, that is told, and the exit code is 4. Reason "Unrecorded": SQS itself put the
    letter there, after a crash or a time-out. Reason "NotOurs": the body is no event that copytrail knows. The
    beginning of the id is enough for `show` and `--id`.

    Into a pipe, with tabs between: message id, first seen, age in seconds, attempts, size in bytes, reason, bucket,
    key, message; with --summary: reason, letters, the oldest's first seen and age, the newest's first seen, an example.
    """
    now = times.now()
    with looking(stack, queue, selection, with_progress=summary) as look:
        if summary:
            found = Summary.of(look)
        elif as_json:
            for letter in look:
                print_json(to_json(letter, now))
        else:
            print_letters(look, now)
    if summary:
        print_summary(found, now, as_json=as_json)
    look.tell()
