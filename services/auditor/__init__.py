"""The auditor: completion events in, one permanent record per LogID out."""
