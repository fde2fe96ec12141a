"""An endpoint that answers what the commands ask at once: what is measured against it is the command."""

COPY_QUEUE, COPY_DLQ = "copytrail-copy", "copytrail-copy-dlq"
AUDIT_QUEUE, AUDIT_DLQ = "copytrail-audit", "copytrail-audit-dlq"

# Where it tells of itself. No bucket has so short a name.
STATE_PATH = "/-/state"
