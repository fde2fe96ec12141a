"""The language both services speak: events, identities, routes, errors; the audit log, and a function's runtime."""
