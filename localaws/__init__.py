"""The embedded AWS: copytrail from the template that `cdk deploy` ships, on one machine, without an AWS account."""
