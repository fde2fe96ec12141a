"""Owns the proof that a copy is what was copied: both checksums, where S3 has computed both the same way."""

from services.copier.model import Location
from shared.errors import PermanentError, Reason
from shared.events import Checksum


def check_same(source: Checksum | None, copy: Checksum | None, *, of: Location, at: Location) -> None:
    """Let a copy pass, unless its checksum differs from its source's.

    Raises:
        PermanentError: `ChecksumMismatch`. Checksums of different algorithms or types prove nothing either way.
    """
    comparable = source and copy and (source.algorithm, source.type) == (copy.algorithm, copy.type)
    if comparable and source != copy:
        raise PermanentError(Reason.CHECKSUM_MISMATCH, f"{at.url} has {copy}, {of.url} has {source}")
