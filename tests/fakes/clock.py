"""A clock for tests: it moves only when told."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that a test, or a sleep, moves on. Starts in the middle of a second, as real moments do."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 10, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let so many seconds go by."""
        self.now += timedelta(seconds=seconds)
