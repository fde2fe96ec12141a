"""A set of message ids that is small."""

import tracemalloc
from uuid import uuid4

import pytest

from ops.dlq.letter_ids import LetterIds


@pytest.mark.parametrize(
    "message_id", ["6f3a2c1e-4d0b-4c7e-9a56-07c0b1f7a11d", "6F3A2C1E-4D0B-4C7E-9A56-07C0B1F7A11D", "no-uuid", ""]
)
def test_an_id_is_taken_out_once_and_only_as_it_was_put_in(message_id: str) -> None:
    ids = LetterIds()
    ids.add(message_id)
    assert list(ids) == [message_id]
    assert not ids.take(f"{message_id} ")
    assert ids.take(message_id)
    assert not ids.take(message_id)
    assert len(ids) == 0


@pytest.mark.long
def test_a_hundred_thousand_ids_take_some_ten_megabytes() -> None:
    ids = LetterIds()
    tracemalloc.start()
    for _ in range(100_000):
        ids.add(str(uuid4()))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(ids) == 100_000
    assert held < 12_000_000
