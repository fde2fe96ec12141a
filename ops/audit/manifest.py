"""Owns the manifest of an export: the file beside it that says what it is, and how to tell that it is whole."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from shared import times


class Manifest(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What an exported file is. `size`, in bytes, and `sha256` are of the file as it is on the disk."""

    file: str
    format: str
    compression: str | None
    count: int
    size: int
    sha256: str
    columns: tuple[str, ...]
    filter: Mapping[str, str]
    table: str
    stack: str
    region: str | None
    exported_at: datetime
    exported_by: str

    def encoded(self) -> bytes:
        """As it is written: indented JSON; a name's control characters are escaped."""
        plain = msgspec.to_builtins(self) | {"ExportedAt": times.to_text(self.exported_at)}
        return f"{json.dumps(plain, indent=2)}\n".encode()


def manifest_path(file: Path) -> Path:
    """Where the manifest of a file is."""
    return file.with_name(f"{file.name}.manifest.json")
