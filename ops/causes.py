"""Owns how a message is shown where its end may be cut: what AWS said comes first."""

import re

_NAMED = re.compile(r"(?P<action>[A-Za-z][\w.:]*) on (?P<rest>.+)", re.DOTALL)
_COLON = ": "


def cause_first(message: str, key: str = "") -> str:
    """`Access Denied (s3:GetObject on s3://bucket/key)` of `s3:GetObject on s3://bucket/key: Access Denied`.

    Any other message is given as it is. Source: `shared.errors.sentence`.

    Args:
        key: the key of the object that it is about, if it is about one: a key may hold a colon, too.
    """
    named = _NAMED.fullmatch(message)
    if named is None:
        return message
    rest = named["rest"]
    # A copy is of a source "to" a destination, and both keys end so; where they are too long, they end in an ellipsis.
    for end in (f"{key}{_COLON}", f"…{_COLON}", _COLON):
        resource, colon, cause = rest.partition(end)
        if colon and cause:
            return f"{cause} ({named['action']} on {resource}{end.removesuffix(_COLON)})"
    return message
