"""`copytrail reconcile`: source, destination and audit table, compared key by key."""
