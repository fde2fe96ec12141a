"""Deployment: the app of `cdk.json` synthesized, its assets published, its template put up through CloudFormation."""
