"""Messages that nobody should send: drawn by Hypothesis, and each of a kind that once broke something."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.fakes.bodies import envelope
from tests.fakes.outcomes import an_upload, body, copied

# What a source queue takes: SQS's own limit, less the attributes that a letter gets.
LARGEST_BODY = 1024 * 1024 - 16 * 1024

# At the edges of the calendar, beyond them, and nothing of the kind.
MOMENTS = st.sampled_from(
    [
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"),
        *("1969-12-31T23:59:59Z", "2026-11-23T10:00:00", "10000-01-01T00:00:00Z", "yesterday", ""),
    ]
)
NUMBERS = st.sampled_from(["0", "-1", "1e999", "9" * 5000, "9" * 400, str(2**63), "NaN", "٣", "²", "0x10", " 7 ", ""])
# JSON's \\ud800 becomes half a surrogate pair, which UTF-8 cannot write.
TEXTS = st.one_of(
    st.text(st.characters(), max_size=20),
    st.sampled_from(["", "\ud800", "a\udfffb", "\x00", "\ufffe", "x" * 2000, "ä" * 600, "../..", "\n", "\x1b[31m"]),
)
_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, MOMENTS, NUMBERS)
JSON_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


@st.composite
def _spoilt(draw: st.DrawFn, bodies: tuple[str, ...]) -> str:
    """A body that is good but for one or two of its fields, each missing or absurd."""
    event = json.loads(draw(st.sampled_from(bodies)))
    for _ in range(draw(st.integers(1, 2))):
        place = event
        path = draw(st.sampled_from(sorted(_paths(event))))
        for step in path[:-1]:
            place = place.get(step) if isinstance(place.get(step), dict) else {}
        if draw(st.booleans()):
            place.pop(path[-1], None)
        else:
            place[path[-1]] = draw(JSON_VALUES)
    return json.dumps(event)


def _paths(event: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    return [
        path
        for name, value in event.items()
        for path in [(*above, name), *(_paths(value, (*above, name)) if isinstance(value, dict) else [])]
    ]


_CREATED = envelope(
    "aws.s3",
    "Object Created",
    {
        "bucket": {"name": "in"},
        "object": {"key": "absent", "size": 1, "etag": "0a1b", "version-id": "v1", "sequencer": "00A1"},
        "request-id": "r",
    },
)
_DELETED = envelope("aws.s3", "Object Deleted", {"bucket": {"name": "in"}, "object": {"key": "absent"}})
_REQUESTED = envelope(
    "copytrail",
    "Object Copy Requested",
    {
        "upload": {"bucket": "in", "key": "absent", "etag": "0a1b", "size": 1, "uploadedAt": "2026-11-23T10:00:00Z"},
        "version": "1",
        "trigger": "backfill",
        "requestId": "r",
        "requestedBy": "eve",
        "continuation": {
            "uploadId": "u",
            "bytesEach": 1,
            "etag": "0a1b",
            "fingerprint": "f",
            "partsDone": 0,
            "versionId": None,
        },
    },
)
_OPERATION = envelope(
    "copytrail",
    "Operation Started",
    {
        "operationId": "o",
        "kind": "Replay",
        "stage": "Started",
        "subject": "copy queue",
        "performedBy": "eve",
        "at": "2026-11-23T10:00:00Z",
        "filters": {"reason": "x"},
        "counts": {"replayed": 1},
    },
)
_EVENTS = (_CREATED, _DELETED, _REQUESTED, _OPERATION, body(copied(an_upload(key="absent"))))

BODIES = st.one_of(
    TEXTS,
    JSON_VALUES.map(json.dumps),
    _spoilt(_EVENTS),
    st.sampled_from(
        [
            *("{", "[" * 100_000, '{"a":' * 100_000, "1" * 5000, "1e999", "null", "\ufeff{}"),
            *("x" * (LARGEST_BODY - 16_000), json.dumps({"source": "x" * (LARGEST_BODY - 16_000)})),
            _CREATED.replace('"absent"', '"\\\\ud800"'),
            _CREATED.replace('"time": "2026', '"time": "0001-01-01T00:00:00+14:00", "was": "2026'),
        ]
    ),
)


def _message_attributes() -> st.SearchStrategy[Any]:
    names = st.sampled_from(["Attempts", "FirstSeen", "ReplayedBy", "Reason", "LogID", "_datadog", ""])
    one = st.one_of(
        st.builds(
            lambda kind, text: {"dataType": kind, "stringValue": text}, TEXTS, st.one_of(TEXTS, NUMBERS, MOMENTS)
        ),
        # As Lambda hands over a binary attribute.
        st.just({"dataType": "Binary", "binaryValue": "AP8=", "stringListValues": [], "binaryListValues": []}),
        st.just({"dataType": "Number.thousands", "stringValue": "9" * 5000}),
        JSON_VALUES,
    )
    return st.one_of(st.dictionaries(names, one, max_size=4), JSON_VALUES)


@st.composite
def records(draw: st.DrawFn, bodies: st.SearchStrategy[str] = BODIES) -> Any:
    """A record as Lambda never gives it, of the shape that it gives: fields are missing, absurd, or of another type."""
    record: dict[str, Any] = {
        "messageId": f"hostile-{draw(st.uuids())}",
        "receiptHandle": "receipt",
        "body": draw(bodies),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795428000000"},
        "messageAttributes": draw(_message_attributes()),
        "eventSource": "aws:sqs",
    }
    if draw(st.booleans()):
        record["attributes"] = {
            "ApproximateReceiveCount": draw(st.one_of(NUMBERS, JSON_VALUES)),
            "SentTimestamp": draw(st.one_of(NUMBERS, JSON_VALUES)),
        }
    for field in draw(st.sets(st.sampled_from(sorted(record)), max_size=2)):
        if draw(st.booleans()):
            del record[field]
        elif field != "messageId":
            record[field] = draw(JSON_VALUES)
    return draw(st.sampled_from([record] * 9 + [None, [], "record", 7]))
