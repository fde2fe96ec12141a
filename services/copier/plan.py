"""Owns how an object of a given size is copied."""

from shared.errors import Permanent, Reason

# "Copying, moving, and renaming objects", S3 user guide: a single CopyObject takes up to 5 GB, counted as 5 GiB.
LARGEST_SINGLE_COPY = 5 * 1024**3


def require_single_copy(url: str, size: int) -> None:
    """Check that one CopyObject can copy `size` bytes.

    Raises:
        Permanent: `TooLarge`.
    """
    if size > LARGEST_SINGLE_COPY:
        raise Permanent(
            Reason.TOO_LARGE,
            f"{url} has {size:,} bytes; a single copy takes at most {LARGEST_SINGLE_COPY:,}. Copy it by other means.",
        )
