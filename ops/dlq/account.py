"""Owns the account of what became of letters: for the operation's record, and for whoever is told as it happens."""

from collections.abc import Callable, Sequence
from threading import Lock

from ops.dlq.letter import Letter
from ops.dlq.results import Found, Result
from ops.operations import RunningOperation
from ops.terminal.prompts import note

# A letter, and why it was not taken.
Refused = tuple[Letter, str]

_MOST_REMARKS = 5


class Account:
    """What became of letters so far. It may be shared by threads.

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
