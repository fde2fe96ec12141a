"""Events as EventBridge writes them into a queue."""

import json


def envelope(source: str, detail_type: str, detail: object, *, time: str = "2026-11-25T00:00:00Z") -> str:
    """Any event in EventBridge's envelope."""
    fixed = {"version": "0", "id": "1", "account": "123456789012", "region": "us-east-1", "resources": []}
    return json.dumps({**fixed, "source": source, "detail-type": detail_type, "time": time, "detail": detail})
