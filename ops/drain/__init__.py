"""Draining: uploads let in no more, and what is under way brought to its end, before a stack is taken down."""
