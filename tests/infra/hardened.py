"""A configuration in which everything that hardens a stack is on."""

from collections.abc import Mapping
from typing import Any

KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
HARDENED: Mapping[str, Any] = {
    "buckets": {
        "source": {"publicRead": False, "versioned": True, "noncurrentDays": 30, "kmsKeyArn": KEY},
        "destination": {"versioned": True, "noncurrentDays": 365, "kmsKeyArn": KEY},
    },
    "copier": {"functionName": "the-copier", "reservedConcurrency": 200, "pollers": {"maximum": 20}},
    "auditor": {"reservedConcurrency": 10},
    "alarms": {"email": "ops@example.com"},
    "tracing": True,
    "accessLogs": {"keepDays": 400},
    "customerKey": True,
    "tags": {"team": "storage", "cost-centre": "4711"},
}
