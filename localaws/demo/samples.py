"""The uploads of the demo: what simpler copiers get wrong."""

import io
import random
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.routes import LONGEST_KEY_BYTES

_MEBIBYTE = 1024**2
_OVERWRITES = 10


@dataclass(frozen=True)
class Sample:
    """One upload: what is special about it, what S3 is given, and how it must end.

    `copied` is None where a copy and a skip are both right; `reason` is that of a skip or a failure.
    """

    label: str
    key: str
    body: bytes
    properties: dict[str, Any] = field(default_factory=dict)
    copied: bool | None = True
    reason: str | None = None
    delete_at_once: bool = False


def samples() -> list[Sample]:
    """The uploads, in the order in which they are made."""
    return [
        Sample("a real zip file", "sample.zip", _zip_of_documents(), {"ContentType": "application/zip"}),
        Sample("0 bytes", "empty.dat", b""),
        Sample("64 MiB, in parts", "big.bin", random.Random(64).randbytes(64 * _MEBIBYTE)),
        *_difficult_keys(),
        _with_every_property(),
        *_overwritten(),
        Sample(
            "deleted at once", "gone.txt", b"now you see me", copied=None, reason="SourceDeleted", delete_at_once=True
        ),
        Sample(
            "archived, must fail",
            "archive.tar",
            b"frozen",
            {"StorageClass": "GLACIER"},
            copied=False,
            reason="Archived",
        ),
    ]


def _difficult_keys() -> list[Sample]:
    keys = {
        "spaces": "a key with  spaces .txt",
        "plus signs": "1+1=2.txt",
        "literal %20": "100%20sure.txt",
        "unicode": "ünïcode/日本語/🚀.txt",
        "quotes": 'it\'s "quoted" & <tagged>.txt',
        "trailing slash": "folder/",
        "1,024 bytes": "long/" + "k" * (LONGEST_KEY_BYTES - len("long/")),
    }
    return [
        Sample(f"key: {label}", key, b"" if key.endswith("/") else f"the content of {label}".encode())
        for label, key in keys.items()
    ]


def _with_every_property() -> Sample:
    return Sample(
        "headers, tags, …",
        "report.html.gz",
        b"\x1f\x8b pretend this is compressed",
        {
            "CacheControl": "max-age=3600",
            "ContentDisposition": 'attachment; filename="report.html"',
            "ContentEncoding": "gzip",
            "ContentLanguage": "de-CH",
            "ContentType": "text/html; charset=utf-8",
            "Expires": "Wed, 21 Oct 2037 07:28:00 GMT",
            "Metadata": {"author": "copytrail", "reviewed-by": "nobody"},
            "Tagging": "team=devops&cost%20center=4711",
        },
    )


def _overwritten() -> list[Sample]:
    last = _OVERWRITES - 1
    return [
        Sample(
            f"overwrite {turn + 1} of {_OVERWRITES}",
            "counter.txt",
            f"{turn + 1}".encode(),
            {"Metadata": {"turn": str(turn + 1)}},
            copied=True if turn == last else None,
            reason=None if turn == last else "Superseded",
        )
        for turn in range(_OVERWRITES)
    ]


def _zip_of_documents() -> bytes:
    buffer = io.BytesIO()
    root = Path(__file__).parents[2]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted([root / "README.md", *(root / "docs").glob("*.md")]):
            archive.write(path, path.relative_to(root))
    return buffer.getvalue()
