"""The copier put together on the fake S3, with everything done in turn on one thread."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from services.copier.conditional_copy import ConditionalCopy
from services.copier.deletions import Deletions
from services.copier.model import Warn
from services.copier.multipart import MultipartCopy
from services.copier.newest_only import NewestOnly
from services.copier.worker import CopyWorker
from shared.copy_plan import MEBIBYTE, PartSizes
from shared.routes import Route
from tests.fakes.clock import FakeClock
from tests.fakes.s3 import FakeS3

T = TypeVar("T")
IN_ONE = PartSizes(threshold=256 * MEBIBYTE, part=64 * MEBIBYTE)


class _NumberedFuture(Future[Any]):
    """A future whose place in a set does not hang on its address in memory, so that a seed decides everything."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return self._number


class InTurn(Executor):
    """Does what is submitted at once, on the caller's thread; a simulated crash goes through."""

    def __init__(self) -> None:
        self._submitted = 0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        self._submitted += 1
        future = _NumberedFuture(self._submitted)
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it to whoever asks
            future.set_exception(error)
        return future


def a_newest_only(
    s3: FakeS3,
    clock: FakeClock,
    *,
    sizes: PartSizes = IN_ONE,
    warn: Warn = lambda *_: None,
    backoff: Callable[[int], None] = lambda _: None,
    width: int = 1,
) -> NewestOnly:
    """The never-backwards rule on this S3."""
    copies = ConditionalCopy(s3, MultipartCopy(s3, InTurn(), width=width, warn=warn), sizes, backoff)
    return NewestOnly(copies, sleep=clock.sleep, warn=warn)


def a_copy_worker(
    s3: FakeS3, clock: FakeClock, *, routes: Sequence[Route], sizes: PartSizes = IN_ONE, **ports: Any
) -> CopyWorker:
    """The copier's worker on this S3, and on the `bus`, `queue` and `telemetry` given."""
    newest_only = a_newest_only(s3, clock, sizes=sizes)
    return CopyWorker(
        newest_only=newest_only,
        deletions=Deletions(newest_only),
        every_version=None,
        abandon=MultipartCopy(s3, InTurn(), width=1, warn=lambda *_: None).abandon,
        routes=routes,
        clock=clock,
        max_receive_count=5,
        **ports,
    )
