"""Owns the copying use case put together on the fake S3, with everything done in turn on one thread."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from services.copier.copying import Copying
from services.copier.deleting import Deleting
from services.copier.journeys import Journeys
from services.copier.multipart import MultipartCopy
from services.copier.ports import Warn
from shared.copy_plan import MEBIBYTE, PartSizes
from tests.fakes.clock import FakeClock
from tests.fakes.s3 import FakeS3

T = TypeVar("T")
IN_ONE = PartSizes(threshold=256 * MEBIBYTE, part=64 * MEBIBYTE)


class InTurn(Executor):
    """Does what is submitted at once, on the caller's thread."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it to whoever asks
            future.set_exception(error)
        return future


def a_copying(
    s3: FakeS3,
    clock: FakeClock,
    *,
    sizes: PartSizes = IN_ONE,
    warn: Warn = lambda *_: None,
    pause: Callable[[int], None] = lambda _: None,
    width: int = 1,
) -> Copying:
    """Copying on this S3."""
    parts = MultipartCopy(s3, InTurn(), width=width, warn=warn)
    return Copying(s3, parts, sizes, sleep=clock.sleep, warn=warn, pause=pause)


def a_journey(s3: FakeS3, clock: FakeClock, *, sizes: PartSizes = IN_ONE) -> Journeys:
    """Copying and deleting on this S3."""
    copying = a_copying(s3, clock, sizes=sizes)
    return Journeys(copying, Deleting(s3, copying.bring_over))
