"""The attributes of the placement table that its key and its time to live go by, as the stack makes it."""

PARTITION_KEY = "DestinationObject"  # "bucket/key"
SORT_KEY = "SourceVersion"
EXPIRES_AT = "ExpiresAt"  # seconds since 1970
