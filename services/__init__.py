"""The two Lambda functions: the copier and the auditor."""
