"""AWS calls that several commands make: listings, HEADs, batch calls, bounded concurrency."""
