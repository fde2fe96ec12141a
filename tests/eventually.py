"""Waiting for what another thread or process does in its own time."""

import time
from collections.abc import Callable


def eventually(holds: Callable[[], object]) -> None:
    """Wait until it holds; a failure of the test when it does not within 20 seconds."""
    give_up_at = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
