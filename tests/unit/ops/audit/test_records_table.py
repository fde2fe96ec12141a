"""What a record took is counted from where its way began."""

from datetime import timedelta

import pytest

from ops.audit.records_table import took_s
from shared.events import Trigger
from tests.fakes.outcomes import UPLOADED_AT, a_record, copied


@pytest.mark.parametrize(
    ("trigger", "seconds"),
    [
        (Trigger.UPLOAD, 3600),
        (Trigger.REPLAY, 3600),
        (Trigger.BACKFILL, 4),
        (Trigger.RECONCILE, 4),
        (Trigger.RESTORE, 4),
    ],
)
def test_a_copy_took_from_its_upload_unless_it_was_asked_for_long_after(trigger: Trigger, seconds: float) -> None:
    ended = UPLOADED_AT + timedelta(hours=1)
    record = a_record(copied(trigger=trigger, started_at=ended - timedelta(seconds=4), finished_at=ended))
    assert took_s(record) == seconds


def test_no_copy_took_less_than_no_time() -> None:
    assert took_s(a_record(copied(finished_at=UPLOADED_AT - timedelta(seconds=1)))) == 0
