"""The guards that a mutation takes away, one at a time."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Guards:
    """Which guards are in place; all of them in the system as it is."""

    source_match: bool = True
    destination_match: bool = True
    destination_first: bool = True
    verify_source: bool = True
    care_when_retried: bool = True
    failed_entries: bool = True
    publish_before_delete: bool = True
    conditional_put: bool = True
    part_pin: bool = True
    abort: bool = True


ALL_GUARDS = Guards()
NAMES = tuple(field.name for field in fields(Guards))


def without(*names: str) -> Guards:
    """The guards but for those named."""
    return Guards(**dict.fromkeys(names, False))
