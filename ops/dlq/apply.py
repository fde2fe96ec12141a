"""What a preview showed, applied: those letters and no others, found again by a second sweep, and a tally of them."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from threading import Lock
from typing import NamedTuple

import click

from ops.aws.concurrency import Pace, run_in_order
from ops.aws.sqs import MOST_ENTRIES
from ops.dlq.letter import Letter
from ops.dlq.preview import Action, Preview
from ops.dlq.queue import DeadLetterQueue, Refused
from ops.dlq.results import Found, Lines, Result
from ops.dlq.sweep import Sweep, sweep
from ops.errors import CommandError, IncompleteError
from ops.operation_events import RunningOperation, operation
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.prompts import note

_MOST_REMARKS = _MOST_NAMED = 5


class Tally:
    """What became of letters so far: counted for the operation's record, and shown as it happens. For many threads.

    Args:
        show: gets letters with what became of them, one thread at a time.
        advance: gets how many more are done with.
    """

    def __init__(
        self, running: RunningOperation, *, show: Callable[[Sequence[Found]], None], advance: Callable[[int], None]
    ) -> None:
        self.operation = running
        self._show = show
        self._advance = advance
        self._lock = Lock()
        self._remarks: list[str] = []
        self._more_remarks = 0

    def count(self, result: Result, number: int) -> None:
        """So many letters came to this."""
        if number:
            self.operation.count(result.count_name, number)

    def number(self, result: Result) -> int:
        """How many letters came to this."""
        return self.operation.counts[result.count_name]

    def enter(self, letters: Sequence[Letter], result: Result) -> None:
        """These letters came to this, just now."""
        if letters:
            with self._lock:
                self.count(result, len(letters))
                self._advance(len(letters))
                self._show([Found(letter, result) for letter in letters])

    def refuse(self, refused: Sequence[Refused]) -> None:
        """These letters were not taken, just now, and stay where they are."""
        self.remark("refused", refused)
        self.enter([letter for letter, _ in refused], Result.REFUSED)

    def remark(self, what: str, letters: Sequence[Refused]) -> None:
        """Keep what a person should know of these letters for the end."""
        with self._lock:
            room = _MOST_REMARKS - len(self._remarks)
            self._remarks += [f"{what}: {letter.title or letter.id}: {why}" for letter, why in letters[:room]]
            self._more_remarks += max(0, len(letters) - room)

    def note_remarks(self) -> None:
        """Tell a person the first of what was remarked, and how much more there is."""
        for line in self._remarks:
            note(line)
        if self._more_remarks:
            note(f"and {self._more_remarks:,} more like these")


# Does what is to be done to up to 10 letters, on any thread, and enters what became of them in the tally.
Act = Callable[[Tally, Sweep, Sequence[Letter]], None]


class Ended(NamedTuple):
    """How it ended. `problem`: what the command is to fail with, if letters were refused, or did not come again."""

    operation_id: str
    problem: CommandError | None


def apply(action: Action, act: Act, queue: DeadLetterQueue, preview: Preview, *, stack: Stack, lines: Lines) -> Ended:
    """Act on what the preview showed, on record, and tell how it ended.

    Raises:
        CopytrailError, BotoCoreError, ClientError: AWS did not answer, or refused; what is left is in the queue.
        CommandError: the caller may not do this.
    """
    total = len(preview.going)
    filters = {**action.options.filters(), **action.more_filters}
    tally: Tally | None = None
    try:
        with (
            action.options.queue.naming_its_policy(),
            operation(stack, action.kind, subject=action.dlq, filters=filters) as running,
            lines.bar(action.verb, total=total) as advance,
        ):
            tally = Tally(running, show=lines.show_done, advance=advance)
            for result, number in preview.left_out.items():
                tally.count(result, number)
            not_seen = apply_to(queue, preview.going, action, act, tally)
            tally.count(Result.NOT_SEEN, len(not_seen))
    except BaseException:
        done = tally.number(action.done) if tally else 0
        left = total - done
        note(
            f"stopped: {done:,} of {counted(total, 'letter')} {action.done.lower()}, {left:,} left in the {action.dlq};"
            f" {_going_on(action, left)} goes on"
        )
        raise
    return Ended(tally.operation.id, _tell_end(action, tally, not_seen, lines))


def _going_on(action: Action, left: int) -> str:
    changes = [f"another {action.used_up}"] if action.used_up else []
    if action.options.selection.limit is not None and left:
        changes.append(f"--limit {left}")
    return "the same command" + (f" with {' and '.join(changes)}" if changes else "")


def apply_to(
    queue: DeadLetterQueue,
    going: set[str],
    action: Action,
    act: Act,
    tally: Tally,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> set[str]:
    """Sweep the queue, and act on the letters with these ids.

    Returns:
        The ids of those that did not come.

    Raises:
        CopytrailError: SQS did not answer, or refused; what was begun has been ended.
    """
    left = set(going)
    pace = Pace(action.rate, sleep=sleep)
    with sweep(queue) as swept:

        def groups() -> Iterator[Sequence[Letter]]:
            for letters in swept:
                chosen = [letter for letter in letters if letter.id in left]
                left.difference_update(letter.id for letter in chosen)
                yield from pace.groups(chosen, MOST_ENTRIES)
                if not left:
                    break

        try:
            run_in_order(partial(act, tally, swept), groups(), threads=action.threads)
        except KeyboardInterrupt:
            note("stopping: what is left is made visible again")
            raise
    return left


def _tell_end(action: Action, tally: Tally, not_seen: set[str], lines: Lines) -> CommandError | None:
    done = tally.number(action.done)
    ended = f"{counted(done, 'letter')} {action.done.lower()}, as operation {tally.operation.id}"
    if lines.is_table:
        click.echo(ended)
    else:
        note(ended)
    lines.show_not_seen(not_seen)
    if not_seen:
        some = ", ".join(islice(not_seen, _MOST_NAMED)) + (", …" if len(not_seen) > _MOST_NAMED else "")
        note(f"{counted(len(not_seen), 'letter')} did not come again, taken by somebody else or in flight: {some}")
    tally.note_remarks()
    if refused := tally.number(Result.REFUSED):
        return CommandError(f"{counted(refused, 'letter')} of the {action.dlq} could not be {action.done.lower()}")
    if not_seen:
        return IncompleteError(f"{counted(len(not_seen), 'letter')} of the {action.dlq} did not come again")
    return None
