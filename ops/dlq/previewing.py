"""Owns what a person is told of a preview, before they are asked."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

from ops.dlq.dead_letter_queue import DeadLetterQueue
from ops.dlq.preview import Preview
from ops.dlq.results import Found, Lines, Result
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import note

# Enough to see whether it is what was meant.
_MOST_SHOWN = 10


def show_preview(preview: Preview, queue: DeadLetterQueue, lines: Lines, *, dry_run: bool) -> None:
    """Look, and show what is found: all of it in a dry run, else the first few, or what is left out into a pipe.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: S3 tells of no source; an id is that of several letters.
    """
    with closing(preview.look(queue)) as found:
        if dry_run:
            lines.show(found)
        elif lines.is_table:
            with progress("looking", total=None, unit="letters") as advance:
                few = list(_first_few(found, advance))
            lines.show(few)
            if len(few) < preview.found:
                note(f"these are the first; --dry-run shows all {preview.found:,}")
        else:
            # What becomes of the others then has lines of its own.
            lines.show(one for one in found if one.result is not Result.SELECTED)


def tell_preview(preview: Preview, *, dlq: str, would: str, filters: str, left_out_why: str, to_check_why: str) -> None:
    """Sum up what was found.

    Args:
        dlq: what a person calls the dead-letter queue.
        would: what would become of the letters: "be replayed".
        filters: those in force, as options.
        left_out_why: what those are that were superseded and are left out.
        to_check_why: what is to be known of those that were superseded, may have been copied, and go.
    """
    for line in preview.named.excluded:
        note(line)
    if preview.ids_of_nothing and preview.going:
        note(f"no letter of the {dlq} has the id {' or '.join(preview.ids_of_nothing)}")
    if number := len(preview.going):
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in preview.reasons.most_common())
        note(f"{counted(number, 'letter')} of the {dlq} would {would}: {reasons}")
    elif not preview.left_out and not preview.ids_of_nothing:
        note(f"no letter of the {dlq} matches {filters}".rstrip() if filters else f"no letter is in the {dlq}")
    _tell_left_out(preview, left_out_why)
    if preview.to_check and preview.going:
        note(f"{preview.to_check:,} of these were superseded since: {to_check_why}")
    _tell_unclear(preview)


def _tell_unclear(preview: Preview) -> None:
    if preview.not_known:
        note(
            f"{counted(preview.not_known, 'letter')} of these may be of no use: the source could not be looked at"
            f" ({preview.why_not_known})"
        )
    if preview.strangers:
        note(
            f"left out as not ours: {counted(preview.strangers, 'letter')}; `--id` takes one all the same, and"
            " `--reason NotOurs` all of them"
        )
    if preview.unseen and preview.going:
        note(str(preview.unseen))


def _tell_left_out(preview: Preview, why_superseded: str) -> None:
    whys = {Result.SUPERSEDED: why_superseded, Result.SOURCE_DELETED: "deleted at the source since"}
    left_out = [f"{number:,} {why}" for result, why in whys.items() if (number := preview.left_out[result])]
    if left_out:
        note(f"left out: {', '.join(left_out)}; --include-superseded takes them in")


def _first_few(found: Iterable[Found], advance: Callable[[int], None]) -> Iterator[Found]:
    """The first of what would go, and the first of what is left out; the rest is gone through all the same."""
    numbers = Counter[bool]()
    for one in found:
        advance(1)
        goes = one.result in (Result.SELECTED, Result.NOT_KNOWN)
        numbers[goes] += 1
        if numbers[goes] <= _MOST_SHOWN:
            yield one
