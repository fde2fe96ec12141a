"""FIXME: what deployment is."""
