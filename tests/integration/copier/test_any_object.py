"""One rule for every object: whichever path its copy takes, HEAD with checksum and the tags are the same at both ends.

The exceptions are those of the table "What a copy carries" in docs/architecture.md.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from services.copier.adapters.s3_client import CONTENT_HEADERS
from services.copier.conditional_copy import ConditionalCopy
from services.copier.every_version import EveryVersion
from services.copier.model import Copied, CopyCommand, Location, UnfinishedError
from services.copier.multipart import MultipartCopy
from services.copier.newest_only import NewestOnly
from shared.copy_plan import PartSizes
from shared.events import Continuation, Upload
from shared.routes import Route
from tests.fakes.copying import InTurn
from tests.fakes.placements import FakePlacementLedger
from tests.integration.copier.sides import PLAIN, VERSIONED_IN, VERSIONED_OUT, Properties, Side

THRESHOLD = 10
PART_SIZES = PartSizes(threshold=THRESHOLD, part=4)
IN_ONE = PartSizes(threshold=1000, part=1000)
FROM_PARTS = {"CRC32", "CRC32C", "CRC64NVME"}
DESTINATION_PREFIX = "copies/"

# HTTP strips blanks at both ends, and no header holds a control character.
_BYTES = st.binary(max_size=30).map(lambda raw: bytes(byte for byte in raw if 32 <= byte != 127).strip(b" \x85\xa0"))
_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=30)
_EXPIRES = st.sampled_from(
    [b"", b"0", b"-1", b"never", b"Thu, 01 Dec 2033 16:00:00 +0100", b"Wed, 21 Oct 2037 07:28:00 GMT", b"9" * 400]
)
# What the emulated S3 takes; S3 itself takes letters of every script.
_TAG_TEXTS = st.text("abcXYZ019 +-=._:/@", max_size=20)


@dataclass(frozen=True)
class Drawn:
    """An object as somebody may upload it."""

    key: str = "k"
    size: int = THRESHOLD
    properties: Properties = PLAIN

    @property
    def body(self) -> bytes:
        return bytes(range(65, 65 + self.size))


OBJECTS = st.builds(
    Drawn,
    key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(lambda key: key not in {".", ".."}),
    size=st.sampled_from([0, 1, THRESHOLD - 1, THRESHOLD, THRESHOLD + 1, 3 * THRESHOLD]),
    properties=st.builds(
        Properties,
        headers=st.fixed_dictionaries(
            {},
            optional={name: _EXPIRES | _BYTES if name == "ExpiresString" else _BYTES for name in CONTENT_HEADERS},
        ).map(lambda headers: {name: value for name, value in headers.items() if value or name == "ExpiresString"}),
        metadata=st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True), _TEXTS, max_size=4),
        tags=st.dictionaries(
            _TAG_TEXTS.filter(lambda text: bool(text) and not text.startswith("aws:")), _TAG_TEXTS, max_size=10
        ),
        redirect=st.none() | st.sampled_from(["/elsewhere", "https://example.com/a?b=c", "/ü"]),
        algorithm=st.sampled_from(["CRC64NVME", "CRC32", "CRC32C", "SHA1", "SHA256", "XXHASH64"]),
    ),
)


def warn(*_: Any) -> None:
    """Nobody reads it here."""


def now() -> datetime:
    return datetime.now(UTC)


def newest_only(copies: ConditionalCopy) -> NewestOnly:
    return NewestOnly(copies, sleep=warn, warn=warn)


def every_version(copies: ConditionalCopy) -> EveryVersion:
    return EveryVersion(copies, FakePlacementLedger(), lambda: "owner", warn, now)


def in_steps(rule: NewestOnly | EveryVersion, upload: Upload, route: Route, *, parts_each: int | None) -> Any:
    """Copy, with time for so many parts in each invocation; None: for all of them."""
    continuation: Continuation | None = None
    for _ in range(100):
        # Each reading of the clock takes a while; a part needs 15 s, and they are asked for twice.
        clock = count(0, -1) if parts_each is None else iter([900.0] * (2 + 2 * parts_each) + [0.0] * 100)
        seconds = (lambda: 900.0) if parts_each is None else (lambda clock=clock: next(clock))
        try:
            return rule.copy(CopyCommand(upload, route, seconds, continuation=continuation))
        except UnfinishedError as unfinished:
            continuation = unfinished.continuation
    pytest.fail("the copy has no end")


PATHS: dict[str, tuple[Any, PartSizes, int | None]] = {
    "in one request": (newest_only, IN_ONE, None),
    "in parts": (newest_only, PART_SIZES, None),
    "continued": (newest_only, PART_SIZES, 1),
    "every version": (every_version, IN_ONE, None),
    "every version, in parts": (every_version, PART_SIZES, None),
}


@pytest.mark.parametrize("path", PATHS)
@settings(
    max_examples=40,
    deadline=None,
    # Shrinking takes minutes where each try is a dozen requests, and what was drawn is short.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(drawn=OBJECTS, redirects=st.booleans())
@example(drawn=Drawn("k", 11, Properties({"ExpiresString": b""}, algorithm="SHA256")), redirects=True)
@example(drawn=Drawn("k", 11, Properties({"ContentDisposition": 'inline; filename="€.txt"'.encode()})), redirects=False)
@example(drawn=Drawn("k", 11, Properties({"ContentDisposition": b'inline; filename="\xe9.txt"'})), redirects=False)
@example(drawn=Drawn("a\x01\x1f\x00\ufffe\uffffb\r\n", 11), redirects=False)
@example(drawn=Drawn("k", 11, Properties(redirect="/ü", metadata={"a": "ü €"})), redirects=True)
def test_head_with_checksum_and_tags_are_the_same_at_both_ends(
    side: Side, path: str, drawn: Drawn, redirects: bool
) -> None:
    make, sizes, parts_each = PATHS[path]
    at, to = Location(VERSIONED_IN, drawn.key), Location(VERSIONED_OUT, DESTINATION_PREFIX + drawn.key)
    upload = side.put(at, drawn.body, drawn.properties)
    route = Route(
        source_bucket=at.bucket,
        destination_bucket=to.bucket,
        destination_prefix=DESTINATION_PREFIX,
        versions="every" if path.startswith("every") else "newest",
        website_redirects=redirects,
    )

    copies = ConditionalCopy(side.store, MultipartCopy(side.parts, InTurn(), width=1, warn=warn), sizes, warn)

    result = in_steps(make(copies), upload, route, parts_each=parts_each)

    assert isinstance(result, Copied)
    in_parts = drawn.size > sizes.threshold
    assert (result.parts > 1) == in_parts
    source, copy = side.read(at), side.read(to)
    assert source["Body"] == drawn.body
    if not redirects:
        source["WebsiteRedirectLocation"] = None
    if in_parts and drawn.properties.algorithm not in FROM_PARTS:
        assert result.checksum is not None
        assert (result.checksum.algorithm, result.checksum.type) == ("CRC64NVME", "FULL_OBJECT")
        assert copy.pop("ChecksumCRC64NVME") == result.checksum.value
        del source[f"Checksum{drawn.properties.algorithm}"]
    assert copy == source
    assert side.open_uploads() == 0
    side.delete(at)
    side.delete(to)
