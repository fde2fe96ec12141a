"""The demo: uploads that simpler copiers get wrong, and a check of every copy and record."""
