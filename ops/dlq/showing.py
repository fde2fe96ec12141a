"""Owns `copytrail dlq show`: one letter, whole."""

import json
from collections.abc import Mapping

import click

from ops.dlq.dead_letter_queue import not_found
from ops.dlq.letter import Letter
from ops.dlq.letter_json import age_s, to_json
from ops.dlq.looking import Look, looking
from ops.dlq.queues import QueueName, queue_option
from ops.dlq.selection import LetterId, Selection
from ops.stack import Stack
from ops.terminal.formats import duration_shown, visible
from ops.terminal.json import json_option, print_json
from ops.terminal.tables import print_attributes
from shared import times

_EXAMPLES = """\b
Examples:
  $ copytrail dlq show 9f1c22ab
  $ copytrail dlq show 9f1c22ab --json | jq -r .Body | jq .detail
"""
_COMPLETE = 36


@click.command(short_help="Show all of one dead letter, its body included.", epilog=_EXAMPLES)
@click.argument("id_", metavar="ID", type=LetterId())
@queue_option
@json_option
@click.pass_obj
def show(stack: Stack, *, id_: str, queue: QueueName, as_json: bool) -> None:
    """Show all of one dead letter: what it is about, why it is there, its attributes and its body.

    ID is its message id or its LogID, or how that begins, 8 characters at least. A whole ID is found sooner.
    The exit code is 1 where no letter has it, and 4 where not every letter could be seen.
    """
    with looking(stack, queue, Selection(ids=(id_,)), with_progress=True) as look:
        letter = _find(look, id_)
    if letter is None:
        raise not_found(queue.dlq, [id_], look.unseen)
    told = to_json(letter, times.now())
    if as_json:
        print_json(told)
    else:
        _print(letter, told)


def _find(look: Look, id_: str) -> Letter | None:
    found: Letter | None = None
    for letter in look:
        found = letter
        if len(id_) == _COMPLETE:
            return found
    look.named.check()
    return found


def _print(letter: Letter, told: Mapping[str, object]) -> None:
    age = duration_shown(age_s(letter, times.now()))
    named = {name: value for name, value in told.items() if name not in {"AgeSeconds", "Attributes", "Body"}}
    print_attributes(named | {"FirstSeen": f"{named['FirstSeen']}, {age} ago"})
    if letter.attributes:
        click.echo(f"\n{click.style('Attributes', bold=True)}")
        print_attributes({name: letter.text(name) or value["DataType"] for name, value in letter.attributes.items()})
    click.echo(f"\n{click.style('Body', bold=True)}")
    for line in _pretty(letter.body).split("\n"):
        click.echo(visible(line))


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
