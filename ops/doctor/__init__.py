"""`copytrail doctor`: whether everything is as it must be for an upload to arrive and be recorded."""
