"""The audit log: what the table holds, how its items are written and read, and how it is queried."""
