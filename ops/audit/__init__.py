"""`copytrail audit`: what became of uploads, and what operators did, out of the audit table."""
