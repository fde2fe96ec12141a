"""Owns the names that the placement table's keys go by; the table is built and used with the same ones."""

PARTITION_KEY = "DestinationObject"  # "bucket/key"
SORT_KEY = "SourceVersion"
EXPIRES_AT = "ExpiresAt"  # seconds since 1970
