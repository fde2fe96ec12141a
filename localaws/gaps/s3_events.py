"""Events that S3 sends to EventBridge: their real shape, once per write, when the object is complete.

moto writes `eTag`, one sequencer and one event id for everything, `version-id: "null"` where there are no versions, a
reason that AWS does not know, to every bus there is; twice for a multipart upload, and never for a delete marker.

Source: "EventBridge event message structure", S3 user guide.
"""

import itertools
import random
import string
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.s3 import notifications
from moto.s3.models import FakeDeleteMarker, S3Backend
from moto.s3.notifications import S3NotificationEvent

from localaws.gaps import eventbridge
from localaws.gaps.patching import Patch, around

_CREATED = "Object Created"
_DELETED = "Object Deleted"
_REASONS = {
    S3NotificationEvent.OBJECT_CREATED_PUT_EVENT: "PutObject",
    S3NotificationEvent.OBJECT_CREATED_POST_EVENT: "POST Object",
    S3NotificationEvent.OBJECT_CREATED_COPY_EVENT: "CopyObject",
    S3NotificationEvent.OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD_EVENT: "CompleteMultipartUpload",
}
_ETAG_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
_REQUEST_ID_CHARACTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class RequestFacts:
    """What an event tells about the request behind it. `about_object`: and not about its tags or ACL alone."""

    requester: str
    source_ip: str
    about_object: bool = True
    request_id: str = field(default_factory=lambda: "".join(random.choices(_REQUEST_ID_CHARACTERS, k=16)))


class _Sequencers:
    """Sequencers as AWS's are: hex of varying length and case, rising when padded with zeros on the right."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._count = itertools.count()

    def next(self) -> str:
        with self._lock:
            # The digits of the seconds come first in AWS's sequencers, and no clock may turn the order round.
            self._last = max(self._last + 1, int(time.time() * 2**32))
            count = next(self._count)
        digits = f"{self._last:016X}"
        if count % 3 == 1:
            digits += f"{random.randrange(256):02X}"
        return digits.lower() if count % 2 else digits


@dataclass
class _Held:
    facts: RequestFacts
    events: list[dict[str, Any]] = field(default_factory=list)


_sequencers = _Sequencers()
_current = threading.local()


def patches() -> Iterator[Patch]:
    """Replace moto's message to EventBridge, and tell of deletions where they happen."""
    yield around(notifications, "_send_event_bridge_message", _send)
    yield around(S3Backend, "delete_object", _telling_of_deletion)


@contextmanager
def held_back(facts: RequestFacts) -> Iterator[None]:
    """Keep the events of one S3 request until its end, when metadata and tags are there, then send them in order."""
    _current.held = held = _Held(facts)
    try:
        yield
    finally:
        del _current.held
        for event in _once_per_version(held.events):
            eventbridge.publish(event, bus="default")


def _send(_original: Callable[..., None], _account_id: str, bucket: Any, event_name: str, key: Any) -> None:
    detail_type = notifications._detail_type(event_name)
    held = getattr(_current, "held", None)
    if detail_type == _DELETED or (detail_type.startswith(("Object Tags", "Object ACL")) and _about_object(held)):
        return
    about = {"key": key.name, "size": key.size, "etag": key.etag.strip('"'), "version-id": _version(bucket, key)}
    if detail_type == _CREATED:
        about["sequencer"] = _sequencers.next()
    _tell(bucket, detail_type, about, {"reason": _REASONS.get(S3NotificationEvent(event_name))})


def _telling_of_deletion(
    original: Callable[..., Any],
    self: S3Backend,
    bucket_name: str,
    key_name: str,
    version_id: str | None = None,
    **more: Any,
) -> Any:
    bucket = self.get_bucket(bucket_name)
    before = {version.version_id for version in bucket.keys.getlist(key_name, [])}
    result = original(self, bucket_name, key_name, version_id=version_id, **more)
    latest = bucket.keys.get(key_name)
    marker = isinstance(latest, FakeDeleteMarker) and latest.version_id not in before
    after = {version.version_id for version in bucket.keys.getlist(key_name, [])}
    if marker or before - after:
        about = {"key": key_name, "version-id": version_id, "sequencer": _sequencers.next()}
        if marker:
            about |= {"etag": _ETAG_OF_NOTHING, "version-id": latest.version_id}
        how = "Delete Marker Created" if marker else "Permanently Deleted"
        if _sends_to_eventbridge(bucket):
            _tell(bucket, _DELETED, about, {"reason": "DeleteObject", "deletion-type": how})
    return result


def _tell(bucket: Any, detail_type: str, about: dict[str, Any], more: dict[str, Any]) -> None:
    held = getattr(_current, "held", None)
    facts = held.facts if held else RequestFacts(requester=bucket.account_id, source_ip="127.0.0.1")
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": bucket.account_id,
        "time": eventbridge.to_text(datetime.now(UTC)),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": _without_none(about),
            "request-id": facts.request_id,
            "requester": facts.requester,
            "source-ip-address": facts.source_ip,
            **_without_none(more),
        },
    }
    if held:
        held.events.append(event)
    else:
        eventbridge.publish(event, bus="default")


def _once_per_version(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # The last one counts: moto tells of the PutObject inside a CompleteMultipartUpload first.
    def version(event: dict[str, Any]) -> tuple[str, ...]:
        about = event["detail"]["object"]
        return event["detail-type"], event["detail"]["bucket"]["name"], about["key"], about.get("version-id", "")

    return list({version(event): event for event in events}.values())


def _sends_to_eventbridge(bucket: Any) -> bool:
    configuration = bucket.notification_configuration
    return configuration is not None and configuration.event_bridge is not None


def _about_object(held: _Held | None) -> bool:
    return held is not None and held.facts.about_object


def _version(bucket: Any, key: Any) -> str | None:
    return key.version_id if bucket.is_versioned else None


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
