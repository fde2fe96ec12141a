"""Owns that nobody's AWS account plays a part: what a person has set up for one must not get in the way."""

import os


def forget_accounts() -> None:
    """Make boto3, in this process and in those that it starts, see no profile, credentials, region or endpoint."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
