"""FIXME: what lambda_service is."""
