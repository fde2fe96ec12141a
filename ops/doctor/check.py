"""Checks, what each found, and how many are made at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from ops.aws.concurrency import results_in_order
from ops.errors import CommandError, UsageError, as_command_error
from ops.terminal.json import JsonObject
from shared.errors import CopytrailError

# How many checks are made at once: a client that is handed over has as many connections.
THREADS = 8


@dataclass(frozen=True)
class Problem:
    """What is wrong with a thing, and what to type to mend it; None: what has the stack as it was deployed again."""

    what: str
    command: str | None = None


@dataclass(frozen=True)
class Check:
    """A question about one thing: `problems` finds what is wrong with it.

    Raises, of `problems`:
        CopytrailError: AWS refused or did not answer.
    """

    subject: str
    problems: Callable[[], Iterable[Problem]]


class Result(StrEnum):
    """What a check found. `UNKNOWN`: it could not look."""

    FINE = "Fine"
    WRONG = "Wrong"
    UNKNOWN = "Unknown"


class Finding(JsonObject, frozen=True, kw_only=True):
    """What a check found: one line."""

    subject: str
    state: Result
    message: str | None = None
    command: str | None = None

    def __str__(self) -> str:
        if self.state is Result.FINE:
            return self.subject
        if self.state is Result.UNKNOWN:
            return f"{self.subject}: could not look: {self.message}"
        return f"{self.subject}: {self.message}: `{self.command}`"


def make(checks: Iterable[Check], typed: Callable[[str | None], str]) -> Iterator[Finding]:
    """What each check finds, in their order; several are made at once.

    Args:
        typed: a command as a person has to type it; of None, the one that has the stack as it was deployed again.

    Raises:
        CommandError: the credentials or the configuration cannot work: no check would be possible.
    """
    for findings in results_in_order(partial(_found, typed=typed), checks, threads=THREADS):
        yield from findings


def _found(check: Check, *, typed: Callable[[str | None], str]) -> Sequence[Finding]:
    try:
        problems = list(check.problems())
    except CommandError as error:
        return [_unknown(check, error)]
    except (CopytrailError, BotoCoreError, ClientError) as error:
        failure = as_command_error(error)
        if isinstance(failure, UsageError):
            raise failure from error
        return [_unknown(check, failure)]
    if not problems:
        return [Finding(subject=check.subject, state=Result.FINE)]
    return [
        Finding(subject=check.subject, state=Result.WRONG, message=problem.what, command=typed(problem.command))
        for problem in problems
    ]


def _unknown(check: Check, failure: CommandError) -> Finding:
    return Finding(subject=check.subject, state=Result.UNKNOWN, message=failure.message)
