"""An audit ledger in memory."""

import threading

from services.auditor.worker import Appended, LogIdConflictError
from shared.audit_log.items import AnyRecord


class FakeLedger:
    """The `Ledger` Protocol: keeps records by LogID, in the order they came; raises `error` instead when it has one."""

    def __init__(self) -> None:
        self.records: dict[str, AnyRecord] = {}
        self.error: Exception | None = None
        self._lock = threading.Lock()

    def append(self, record: AnyRecord) -> Appended:
        """Keep the first record of a LogID."""
        if self.error:
            raise self.error
        with self._lock:
            existing = self.records.get(record.log_id)
            if existing is None:
                self.records[record.log_id] = record
                return Appended.NEW
        if existing.identity != record.identity:
            raise LogIdConflictError(record, existing.title)
        return Appended.DUPLICATE
