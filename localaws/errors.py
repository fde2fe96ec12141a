"""Owns the one kind of failure of the embedded AWS that a person can do something about."""


class LocalAwsError(Exception):
    """The embedded AWS cannot do what was asked; the message says why and what to do, for a person to read."""
