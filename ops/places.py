"""Owns an object's place, as a person names it: `s3://bucket/key`."""

from typing import NamedTuple

_SCHEME = "s3://"


class Place(NamedTuple):
    """Where an object is."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """`s3://bucket/key`."""
        return f"{_SCHEME}{self.bucket}/{self.key}"


def read_place(url: str) -> Place | None:
    """The place that an S3 URL names, or None; its key is taken as it is written, nothing in it is decoded."""
    bucket, _, key = url.removeprefix(_SCHEME).partition("/")
    return Place(bucket, key) if url.startswith(_SCHEME) and bucket and key else None
