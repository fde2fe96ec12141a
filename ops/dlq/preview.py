"""The preview of a replay or a drop: which letters are selected, which of them would go, and what a person is told."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from ops.aws.concurrency import results_in_order
from ops.aws.object_reads import why_not
from ops.dlq.freshness import THREADS, Freshness, Sources, sources_of
from ops.dlq.letter import Letter
from ops.dlq.queue import DeadLetterQueue, QueueName
from ops.dlq.results import Found, Lines, Result
from ops.dlq.selection import IdMatches, Selection
from ops.dlq.sweep import Unseen, not_found, sweep
from ops.errors import CommandError
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.progress import progress
from ops.terminal.prompts import confirm, note
from shared.errors import CopytrailError
from shared.operations import OperationKind

# Enough for a person to see whether these are the right ones.
_MOST_SHOWN = 10


@dataclass(frozen=True)
class ApplyOptions:
    """What `replay` and `drop` are given alike. `yes`: the person is not to be asked."""

    queue: QueueName
    selection: Selection
    include_superseded: bool
    dry_run: bool
    yes: bool

    def filters(self) -> dict[str, str]:
        """The filters in force, by the names of their options."""
        return self.selection.described() | ({"include-superseded": "yes"} if self.include_superseded else {})


@dataclass(frozen=True, kw_only=True)
class Action:
    """What is to be done to letters, and how a person is told of it.

    `verb`, `would` and `done`: in a person's words ("replaying"), what would become of the letters ("be dropped"), and
    what becomes of each. `into`: the rest of the question, "Drop 3 letters into FILE?". `left_out_why`: what those are
    that were superseded and are left out. `to_check_why`: what is to be known of those that were superseded, may have
    been copied, and go. `more_filters`: what else narrows it down, for the record. `rate`: letters a second at most.
    `used_up`: the option that needs another value when the command is given once more.
    """

    kind: OperationKind
    options: ApplyOptions
    verb: str
    would: str
    done: Result
    into: str = ""
    left_out_why: str
    to_check_why: str
    more_filters: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    rate: float | None = None
    used_up: str = ""

    @property
    def dlq(self) -> str:
        """What a person calls the dead-letter queue."""
        return self.options.queue.dlq


class Preview:
    """What a sweep found. `going`: the ids of the letters to act on; no others may be touched.

    What was superseded since is of no use to anybody, with one exception: where a delivery may have copied it and died,
    only the copier knows to check that the newest upload is at the destination. Such a letter is replayed, and not
    dropped.

    Args:
        sources: where to check whether an upload has been superseded or deleted since; None: nowhere.
        include_superseded: act on those all the same.
        drops: the letters are dropped, not replayed.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        sources: Sources | None = None,
        include_superseded: bool = False,
        drops: bool = False,
    ) -> None:
        self.going: set[str] = set()
        self.reasons: Counter[str] = Counter()
        self.left_out: Counter[Result] = Counter()
        self.not_ours = 0
        self.to_check = 0
        self.not_known = 0
        self.why_not_known = ""
        self.id_matches = IdMatches(selection)
        self.ids_of_nothing: list[str] = []
        self.unseen = Unseen()
        self._selection = selection
        self._sources = sources
        self._include_superseded = include_superseded
        self._drops = drops

    @property
    def found(self) -> int:
        """How many letters are selected, those that are left out too."""
        return len(self.going) + self.left_out.total()

    def fill(self, queue: DeadLetterQueue) -> Generator[Found, None, None]:
        """Sweep the queue; every letter that is selected, as it is found.

        Raises:
            CopytrailError: while iterating, SQS did not answer.
            CommandError: while iterating, S3 tells of no source; at the end, an id turns out to be that of
                several letters.
        """
        with sweep(queue) as swept:
            selected = (letter for letters in swept for letter in letters if self._is_selected(letter))
            with closing(results_in_order(self._check, selected, threads=THREADS)) as results:
                for letter, freshness, why in results:
                    yield Found(letter, self._take(letter, freshness, why), why)
                    if len(self.going) == self._selection.limit:
                        break
                else:
                    self.unseen = swept.unseen
                    self.ids_of_nothing = self.id_matches.of_nothing
        self.id_matches.check()

    def check_all(self, dlq: str) -> None:
        """Let a preview pass that has found all that was selected, and knows of it what it should.

        Raises:
            CommandError: an id is that of no letter, or a source could not be checked.
            IncompleteError: there are letters that could not be seen.
        """
        if self.ids_of_nothing:
            raise not_found(dlq, self.ids_of_nothing, self.unseen)
        if self.not_known:
            raise CommandError(f"the source of {counted(self.not_known, 'letter')} could not be checked")
        self.unseen.check()

    def _is_selected(self, letter: Letter) -> bool:
        self.id_matches.take(letter)
        if self._selection.matches(letter):
            return True
        self.not_ours += not letter.is_ours
        return False

    def _check(self, letter: Letter) -> tuple[Letter, Freshness | None, str]:
        """The letter, what has become of its upload, and why nothing is known of that."""
        is_of_use = letter.may_have_copied or not self._drops
        if not (self._sources and letter.request and is_of_use):
            return letter, Freshness.CURRENT, ""
        try:
            return letter, self._sources.freshness(letter.request.upload), ""
        except CopytrailError as error:
            return letter, None, why_not(error)

    def _take(self, letter: Letter, freshness: Freshness | None, why: str) -> Result:
        if (result := self._left_out(letter, freshness)) and not self._include_superseded:
            self.left_out[result] += 1
            return result
        self.going.add(letter.id)
        self.reasons[letter.cause.reason] += 1
        self.to_check += freshness is Freshness.SUPERSEDED and letter.may_have_copied
        if freshness is None:
            self.not_known += 1
            self.why_not_known = self.why_not_known or why
            return Result.NOT_KNOWN
        return Result.SELECTED

    def _left_out(self, letter: Letter, freshness: Freshness | None) -> Result | None:
        if freshness is Freshness.SUPERSEDED:
            return Result.SUPERSEDED if letter.may_have_copied is self._drops else None
        return Result.SOURCE_DELETED if freshness is Freshness.SOURCE_DELETED and not self._drops else None


def preview_and_ask(stack: Stack, dead_letters: DeadLetterQueue, action: Action, lines: Lines) -> Preview | None:
    """Show what would become of the letters that are selected, and ask; None: nothing is to be done.

    Raises:
        CopytrailError: SQS did not answer.
        CommandError: S3 tells of no source; an id is that of several letters; nothing is to be done, and not all that
            was selected was found.
    """
    options = action.options
    with sources_of(stack, options.queue) as sources:
        preview = Preview(
            options.selection,
            sources=sources,
            include_superseded=options.include_superseded,
            drops=action.kind is OperationKind.DROP,
        )
        _show(preview, dead_letters, lines, dry_run=options.dry_run)
    _tell(preview, action)
    question = f"{action.kind} {counted(len(preview.going), 'letter')}{action.into}?"
    if options.dry_run or not preview.going or not confirm(question, yes=options.yes):
        preview.check_all(action.dlq)
        return None
    return preview


def _show(preview: Preview, queue: DeadLetterQueue, lines: Lines, *, dry_run: bool) -> None:
    """Show what is found: all of it in a dry run, else the first few, or what is left out into a pipe."""
    with closing(preview.fill(queue)) as found:
        if dry_run:
            lines.show(found)
        elif lines.is_table:
            with progress("reading", total=None, unit="letter") as advance:
                few = list(_first_few(found, advance))
            lines.show(few)
            if len(few) < preview.found:
                note(f"these are the first; --dry-run shows all {preview.found:,}")
        else:
            # What becomes of the others then has lines of its own.
            lines.show(one for one in found if one.result is not Result.SELECTED)


def _first_few(found: Iterable[Found], advance: Callable[[int], None]) -> Iterator[Found]:
    """The first of what would go, and the first of what is left out; the rest is gone through all the same."""
    numbers = Counter[bool]()
    for one in found:
        advance(1)
        goes = one.result in (Result.SELECTED, Result.NOT_KNOWN)
        numbers[goes] += 1
        if numbers[goes] <= _MOST_SHOWN:
            yield one


def _tell(preview: Preview, action: Action) -> None:
    """Sum up what was found."""
    dlq, filters = action.dlq, action.options.selection.as_options()
    for line in preview.id_matches.excluded:
        note(line)
    if preview.ids_of_nothing and preview.going:
        note(f"no letter of the {dlq} has the id {' or '.join(preview.ids_of_nothing)}")
    if number := len(preview.going):
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in preview.reasons.most_common())
        note(f"{counted(number, 'letter')} of the {dlq} would {action.would}: {reasons}")
    elif not preview.left_out and not preview.ids_of_nothing:
        note(f"no letter of the {dlq} matches {filters}" if filters else f"no letter is in the {dlq}")
    _tell_what_to_know(preview, action)
    if preview.unseen and preview.going:
        note(str(preview.unseen))


def _tell_what_to_know(preview: Preview, action: Action) -> None:
    whys = {Result.SUPERSEDED: action.left_out_why, Result.SOURCE_DELETED: "deleted at the source since"}
    if left_out := [f"{number:,} {why}" for result, why in whys.items() if (number := preview.left_out[result])]:
        note(f"left out: {', '.join(left_out)}; --include-superseded takes them in")
    if preview.to_check:
        note(f"{preview.to_check:,} of these were superseded since: {action.to_check_why}")
    if preview.not_known:
        note(
            f"{counted(preview.not_known, 'letter')} of these may be of no use: the source could not be checked"
            f" ({preview.why_not_known})"
        )
    if preview.not_ours:
        note(
            f"left out as not ours: {counted(preview.not_ours, 'letter')}; `--id` takes one all the same, and"
            " `--reason NotOurs` all of them"
        )
