"""The metrics that both functions emit, by their names in CloudWatch: alarms and the dashboard read what is emitted."""

from enum import StrEnum

NAMESPACE = "Copytrail"
# The only dimension: its value tells functions and stacks apart (POWERTOOLS_SERVICE_NAME).
DIMENSION = "service"


class Metric(StrEnum):
    """A metric of ours. Each outcome is one, too, under its own name (`shared.events.Outcome`)."""

    # The copier's.
    OBJECTS = "Objects"
    BYTES_COPIED = "BytesCopied"
    UPLOAD_TO_COPIED = "UploadToCopied"
    CONTINUATIONS = "Continuations"
    # The auditor's.
    RECORDED = "Recorded"
    DUPLICATES = "Duplicates"
    CONFLICTS = "Conflicts"
    # Both functions'.
    RETRIES = "Retries"
    DEAD_LETTERS = "DeadLetters"
