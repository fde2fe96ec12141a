"""The settings in cdk.json: models with every default, and the values that each setting may have by itself.

What must hold between several of them is in `infra.cross_checks` and `infra.route_checks`.
"""
