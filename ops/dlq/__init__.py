"""`copytrail dlq`: dead-lettered messages are listed, replayed, dropped, exported and imported."""
