"""Parallel listing of a bucket: every object in the order of keys, many pages asked for at once.

S3 lists from any key on, but tells nobody where to part a bucket. A page tells: its keys count up at some character
(`part-0004` after `part-0003`, `3f…` after `3e…`), and where that character is one higher, the next page will begin,
more or less. A wrong guess costs a request, and nothing else: key ranges meet whatever the keys are.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from ops.aws.list_pages import Listed, Page, page_after, read_quickly

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# How many pages are asked for at once. S3 takes 5,500 reads/s per prefix; a page costs this side about 4 ms of CPU.
WORKERS = 8
# So many pages of a key range may wait for their turn; so many a key range should have.
_PAGES_EACH = 8
_DIGITS = "0123456789"
# So many different characters in one place are all that can be there.
_VARIED = 8
_SAMPLES = 50

_key = attrgetter("key")


def list_objects(
    s3: "S3Client", bucket: str, *, prefixes: Sequence[str] = ("",), start_after: str = "", workers: int = WORKERS
) -> Generator[Listed, None, None]:
    """Every object whose key begins with one of `prefixes`, once, in the order of keys (that of UTF-8, as S3 lists).

    A few pages for each worker are in memory. Who stops before the end closes it.

    Args:
        s3: a client for as many connections as `workers`; from then on, its answers to ListObjectsV2 are read quickly.
        prefixes: may overlap; none at all means no object.
        start_after: only keys after this one; it need not be there.

    Raises:
        CopytrailError: while iterating, S3 did not answer, or refused.
    """
    read_quickly(s3)
    executor = ThreadPoolExecutor(workers, thread_name_prefix=f"list-{bucket}")
    try:
        for page in KeyRanges(partial(page_after, s3, bucket), executor, prefixes, start_after, workers=workers):
            yield from page
    finally:
        executor.shutdown(cancel_futures=True)


@dataclass
class KeyRange:
    """Keys of one prefix after `after`, up to and with `until` (None: to the prefix's end), and their pages so far.

    `guesses`: where it might be parted, in the order of keys.
    """

    prefix: str
    after: str
    until: str | None = None
    pages: deque[list[Listed]] = field(default_factory=deque)
    request: Future[Page] | None = None
    is_listed: bool = False
    guesses: Iterator[str] = field(default_factory=lambda: iter(()))

    def take(self, page: Page, asked_after: str) -> None:
        """Take from a page what belongs here and is new. The page holds every key from `asked_after` to its last."""
        if self.is_listed or self.after < asked_after:
            return
        objects = page.objects
        if objects and (objects[0].key <= self.after or (self.until is not None and objects[-1].key > self.until)):
            first = bisect_right(objects, self.after, key=_key)
            last = len(objects) if self.until is None else bisect_right(objects, self.until, key=_key)
            objects = objects[first:last]
        reached = page.objects[-1].key if page.objects else self.after
        self.is_listed = page.is_last or (self.until is not None and reached >= self.until)
        if objects:
            self.guesses = guesses(self.after, objects, floor=len(self.prefix))
            self.pages.append(objects)
        self.after = max(self.after, reached)

    def part(self) -> "KeyRange | None":
        """Leave all after the next guess to a new key range, or None: nobody knows where to part this one."""
        for guess in self.guesses:
            if guess > self.after and (self.until is None or guess < self.until):
                right = KeyRange(self.prefix, guess, self.until, guesses=self.guesses)
                self.until, self.guesses = guess, iter(())
                return right
        return None


class KeyRanges:
    """The pages of a bucket's listing in the order of keys; at most `workers` are asked for at a time."""

    def __init__(
        self,
        page_after: Callable[[str, str], Page],
        executor: Executor,
        prefixes: Sequence[str],
        start_after: str,
        *,
        workers: int,
    ) -> None:
        self._page_after = page_after
        self._executor = executor
        self._workers = workers
        self._ranges = deque(_key_ranges(prefixes, start_after))
        self._asked: dict[Future[Page], tuple[str, str]] = {}

    def __iter__(self) -> Iterator[list[Listed]]:
        while self._ranges:
            head = self._ranges[0]
            self._ask()
            if head.pages:
                yield head.pages.popleft()
            elif head.is_listed:
                self._ranges.popleft()
            else:
                wait(self._asked, return_when=FIRST_COMPLETED)
            self._take_answers()

    def _ask(self) -> None:
        index = waiting = 0
        while len(self._asked) < self._workers and index < len(self._ranges):
            key_range = self._ranges[index]
            index += 1
            waiting += len(key_range.pages)
            if waiting >= self._workers * _PAGES_EACH:
                return
            if key_range.is_listed or key_range.request or len(key_range.pages) >= _PAGES_EACH:
                continue
            if right := key_range.part():
                self._ranges.insert(index, right)
            key_range.request = self._executor.submit(self._page_after, key_range.prefix, key_range.after)
            self._asked[key_range.request] = (key_range.prefix, key_range.after)

    def _take_answers(self) -> None:
        for request in [request for request in self._asked if request.done()]:
            prefix, asked_after = self._asked.pop(request)
            page = request.result()
            for key_range in self._ranges:
                if key_range.request is request:
                    key_range.request = None
                if key_range.prefix == prefix:
                    key_range.take(page, asked_after)


def _key_ranges(prefixes: Sequence[str], start_after: str) -> Iterator[KeyRange]:
    """The prefixes in order, without those that lie in another one, or before the start."""
    covering: str | None = None
    for prefix in sorted(set(prefixes)):
        if covering is not None and prefix.startswith(covering):
            continue
        covering = prefix
        if start_after <= prefix or start_after.startswith(prefix):
            yield KeyRange(prefix, start_after if start_after >= prefix else "")


def guesses(before: str, objects: Sequence[Listed], *, floor: int) -> Iterator[str]:
    """Where later pages might begin, nearest first: the last key, up to some character, with a higher one there.

    Args:
        before: the key that these objects come after.
        objects: a page.
        floor: the characters that all keys have in common are no place for a guess.
    """
    first, last = objects[0].key, objects[-1].key
    step_from = before if len(before) > floor else first
    level = _first_difference(step_from, last)
    pages_each = _PAGES_EACH
    for place in range(level, floor - 1, -1):
        if above := _above(objects, last, place):
            moved = sum(character <= last[place] for character in _above(objects, step_from, place))
            step = max(1, moved if place == level else 1) * pages_each
            for character in above[step - 1 :: step]:
                yield last[:place] + character
            # One place further up, each character is far more than a page.
            pages_each = 1


def _first_difference(lower: str, higher: str) -> int:
    """The first place of the higher key where it differs from the lower one; the same key differs in its last."""
    differences = (place for place, pair in enumerate(zip(lower, higher, strict=False)) if pair[0] != pair[1])
    return next(differences, min(len(lower), len(higher) - 1))


def _above(objects: Sequence[Listed], key: str, place: int) -> str:
    """The characters that may stand in a key's place and are higher than the one that does."""
    if place >= len(key):
        return ""
    here = key[place]
    samples = objects[:: max(1, len(objects) // _SAMPLES)]
    # What stands in the next place has been through all its values where this one has only begun.
    varied = {found.key[place + 1] for found in samples if len(found.key) > place + 1}
    if len(varied) >= _VARIED and here in varied:
        characters = "".join(sorted(varied))
    elif here in _DIGITS:
        characters = _DIGITS
    elif here.isascii() and here.isalnum() and (place == 0 or key[place - 1] == "/"):
        characters = chr(ord(here) + 1)
    else:
        return ""
    return characters[bisect_right(characters, here) :]
