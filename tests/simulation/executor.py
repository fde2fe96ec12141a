"""Owns the executor of both services: what is submitted is done at once, by the task that submits it."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

T = TypeVar("T")


class NumberedFuture(Future[Any]):
    """A future whose place in a set does not depend on its address in memory, so that a seed decides everything."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return self._number


class AtOnce(Executor):
    """Does what is submitted on the caller's own thread; a crash goes through."""

    def __init__(self) -> None:
        self._submitted = 0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Do it."""
        self._submitted += 1
        future = NumberedFuture(self._submitted)
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future carries it to whoever asks
            future.set_exception(error)
        return future
