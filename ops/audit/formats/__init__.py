"""The formats that records are exported in."""
