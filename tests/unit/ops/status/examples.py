"""Transfers as tests of a snapshot need them."""

from collections.abc import Mapping

from ops.status.checks import LastHour, RecentTransfers
from shared.audit_log.record import Record


def recent(newest: Record | None, failures: Mapping[str, int], transfers: int, *, at_least: bool) -> RecentTransfers:
    """The newest record, and so many transfers within the last hour."""
    hour = LastHour(
        failed=sum(failures.values()),
        failed_by_reason=failures,
        transfers=transfers,
        at_least=at_least,
        unreadable=0,
    )
    return RecentTransfers(newest, hour)
