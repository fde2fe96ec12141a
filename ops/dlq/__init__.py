"""The dead-letter queues: looked at, and emptied by hand."""
