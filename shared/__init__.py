"""The language both services speak: events, identities, routes, errors, environment."""
