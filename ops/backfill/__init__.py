"""The `copytrail backfill` command: copies of objects that were there before the system was."""
