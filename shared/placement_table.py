"""The placement table's key and time-to-live attributes, for the stack and the copier."""

PARTITION_KEY = "DestinationObject"  # "bucket/key"
SORT_KEY = "SourceVersion"
EXPIRES_AT = "ExpiresAt"  # seconds since 1970
