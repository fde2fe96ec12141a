"""Owns the names that the audit table's keys and indexes go by; the table is built and used with the same ones."""

PARTITION_KEY = "LogID"

# Of a transfer that an operation asked for.
OPERATION_ID = "OperationId"

# ByObject: everything that happened to one key, in the order of its uploads.
BY_OBJECT = "ByObject"
SOURCE_OBJECT = "SourceObject"  # "bucket/key"
UPLOADED_AT = "UploadedAt"

# ByDay: everything that finished in a span of time.
BY_DAY = "ByDay"
DAY_SHARD = "DayShard"  # "YYYY-MM-DD#shard"
FINISHED_ORDER = "FinishedOrder"  # "FinishedAt#LogID"

# One partition takes 1,000 writes/s ("Best practices for designing partition keys", DynamoDB); 8 take a busy day's.
DAY_SHARDS = 8
