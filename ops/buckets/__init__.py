"""Buckets that are not the stack's to change: what their owners are asked for, and what is changed when they agree."""
