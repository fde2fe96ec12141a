"""What functions, stack, command line and embedded AWS share: events, LogIDs, routes, errors, the audit log."""
