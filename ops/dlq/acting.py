"""Owns how letters are acted on: those that a preview showed and no others, found again by a second sweep."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

import click

from ops.aws.concurrency import Pace
from ops.aws.sqs_batches import MOST_ENTRIES
from ops.dlq.account import Account
from ops.dlq.dead_letter_queue import DeadLetterQueue, Sweep
from ops.dlq.letter import Letter
from ops.dlq.letter_ids import LetterIds
from ops.dlq.preview import Preview
from ops.dlq.results import Lines, Result
from ops.dlq.threads import on_threads
from ops.failures import CommandError, IncompleteError
from ops.operations import operation
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.prompts import note
from shared.operations import OperationKind

# Acts on up to 10 letters, on any thread, and enters what became of them into the account.
Act = Callable[[Account, Sweep, Sequence[Letter]], None]

_MOST_NAMED = 5


@dataclass(frozen=True)
class Deed:
    """What is to be done to letters.

    `verb` and `done`: in a person's words ("replaying") and what becomes of each letter. `dlq`: what a person calls the
    dead-letter queue. `rate`: letters a second at most. `limit`: letters at most, as the person asked for. `used_up`:
    the options that need another value when the command is given once more.
    """

    kind: OperationKind
    verb: str
    done: Result
    dlq: str
    act: Act
    filters: Mapping[str, str]
    threads: int = 1
    rate: float | None = None
    limit: int | None = None
    used_up: tuple[str, ...] = ()


def carry_out(deed: Deed, stack: Stack, queue: DeadLetterQueue, preview: Preview, lines: Lines) -> CommandError | None:
    """Act on what the preview showed, on record, and tell how it ended.

    Returns:
        What the command is to fail with, if some letters were refused, or did not come again.

    Raises:
        CopytrailError, BotoCoreError, ClientError: AWS did not answer, or refused; what is left is in the queue.
    """
    total = len(preview.going)
    accounts: list[Account] = []
    try:
        with (
            operation(stack, deed.kind, subject=deed.dlq, filters=deed.filters) as running,
            lines.bar(deed.verb, total=total) as advance,
        ):
            account = Account(running, show=lines.show_done, advance=advance)
            accounts.append(account)
            for result, number in preview.left_out.items():
                account.count(result, number)
            act_on(queue, preview.going, deed, account)
            account.count(Result.NOT_SEEN, len(preview.going))
    except BaseException:
        done = accounts[0].number(deed.done) if accounts else 0
        left = total - done
        note(
            f"stopped: {done:,} of {counted(total, 'letter')} {deed.done.lower()}, {left:,} left in the {deed.dlq};"
            f" {_going_on(deed, left)} goes on"
        )
        raise
    return _tell_end(deed, account, preview.going, lines)


def _going_on(deed: Deed, left: int) -> str:
    changes = [f"another {option}" for option in deed.used_up]
    if deed.limit is not None and left:
        changes.append(f"--limit {left}")
    return "the same command" + (f" with {' and '.join(changes)}" if changes else "")


def act_on(
    queue: DeadLetterQueue,
    going: LetterIds,
    deed: Deed,
    account: Account,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Sweep the queue, and act on the letters of `going`, which they leave; those that stay in it did not come.

    Raises:
        CopytrailError: SQS did not answer, or refused; what was begun has been ended.
    """
    pace = Pace(deed.rate, sleep=sleep)
    with queue.sweep() as sweep, on_threads(deed.threads) as hand_over, _patience():
        for letters in sweep:
            wanted = [letter for letter in letters if going.take(letter.id)]
            for some in pace.groups(wanted, MOST_ENTRIES):
                hand_over(partial(deed.act, account, sweep, some))
            if not going:
                return


@contextmanager
def _patience() -> Iterator[None]:
    """Ask for it, where the person stops the command while letters are still to be made visible again."""
    try:
        yield
    except KeyboardInterrupt:
        note("stopping: what is left is made visible again")
        raise


def _tell_end(deed: Deed, account: Account, not_seen: LetterIds, lines: Lines) -> CommandError | None:
    done = account.number(deed.done)
    ended = f"{counted(done, 'letter')} {deed.done.lower()}, as operation {account.operation.id}"
    if lines.is_table:
        click.echo(ended)
    else:
        note(ended)
    lines.show_not_seen(not_seen)
    if not_seen:
        some = ", ".join(islice(not_seen, _MOST_NAMED)) + (", …" if len(not_seen) > _MOST_NAMED else "")
        note(f"{counted(len(not_seen), 'letter')} did not come again, taken by somebody else or in flight: {some}")
    account.note_remarks()
    if refused := account.number(Result.REFUSED):
        return CommandError(f"{counted(refused, 'letter')} of the {deed.dlq} could not be {deed.done.lower()}")
    if not_seen:
        return IncompleteError(f"{counted(len(not_seen), 'letter')} of the {deed.dlq} did not come again")
    return None
