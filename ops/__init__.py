"""The `copytrail` command line: what an operator sees and does."""
