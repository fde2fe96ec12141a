"""Owns a set of message ids that stays small: 100,000 of them in about 10 MB."""

from collections.abc import Iterator
from uuid import UUID


class LetterIds:
    """Message ids, which SQS makes as UUIDs, at 16 bytes each and what a set adds."""

    def __init__(self) -> None:
        self._ids: set[bytes | str] = set()

    def add(self, message_id: str) -> None:
        """Take an id in."""
        self._ids.add(_packed(message_id))

    def take(self, message_id: str) -> bool:
        """Take an id out; whether it was in."""
        try:
            self._ids.remove(_packed(message_id))
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return (packed if isinstance(packed, str) else str(UUID(bytes=packed)) for packed in self._ids)


def _packed(message_id: str) -> bytes | str:
    try:
        unpacked = UUID(message_id)
    except ValueError:
        return message_id
    # Only what comes back as it was may be packed.
    return unpacked.bytes if str(unpacked) == message_id else message_id
