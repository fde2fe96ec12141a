"""Which upload of a key came later, and whether what the source holds is the upload that an event told of."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote_plus

from msgspec import structs

from shared.events import Upload

# S3 writes 16 to 18 so far.
_SEQUENCER_DIGITS = 32


class FoundObject(Protocol):
    """What a HEAD tells of an object."""

    @property
    def etag(self) -> str:
        """Without quotes."""

    @property
    def version_id(self) -> str | None:
        """None where S3 says "null" or nothing."""

    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def last_modified(self) -> datetime:
        """In whole seconds."""


def sequencer_order(sequencer: str) -> str:
    """What sorts, as text, in the order in which the uploads of one key were made.

    Source: "EventBridge event message structure", S3 user guide: sequencers of one key compare as hexadecimal text,
    the shorter one padded with zeros on the right.
    """
    return sequencer.upper().ljust(_SEQUENCER_DIGITS, "0")


def is_same_upload(found: FoundObject, upload: Upload) -> bool:
    """Whether what was found is this upload: by version id where both have one, else by ETag."""
    if found.version_id is not None and upload.version_id is not None:
        return found.version_id == upload.version_id
    return found.etag == upload.etag


def decoded_twin(upload: Upload, head: Callable[[Upload], FoundObject | None]) -> Upload | None:
    """The upload that may have been meant by one whose key is not in the source, if the key was URL-encoded.

    S3 writes keys raw into EventBridge events, but a maintained library and other stores take them for encoded. Nothing
    proves which it was: two empty objects are alike.

    Args:
        upload: an upload of whose key the source holds no object.
        head: what the source holds under the decoded key, or None; asked at most once.
    """
    twin = structs.replace(upload, key=unquote_plus(upload.key))
    if twin.key == upload.key:
        return None
    found = head(twin)
    if found is None or not is_same_upload(found, twin) or found.size != twin.size:
        return None
    # An object that was renamed to the decoded key has the ETag, too, but came after the event.
    return twin if found.last_modified <= upload.uploaded_at else None
