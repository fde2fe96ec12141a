"""The audit table of these tests."""

from tests.fakes.audit_table import empty_audit_table

__all__ = ["empty_audit_table"]
