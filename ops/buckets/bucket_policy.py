"""`copytrail bucket-policy`: what the owner of another account's bucket has to let the copier do there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from ops.stack import Output, Stack
from shared.copier_permissions import copier_grants
from shared.routes import Route


@click.command(
    "bucket-policy",
    short_help="Print the bucket policy that lets the copier in.",
    epilog="\b\nExample:\n  $ copytrail bucket-policy destination > policy.json",
)
@click.argument("bucket", metavar="BUCKET")
@click.pass_obj
def bucket_policy(stack: Stack, bucket: str) -> None:
    """Print the policy that lets the copier use BUCKET of another account.

    BUCKET is its name, or its key under `buckets` in cdk.json.

    The bucket's owner adds the statements to the bucket's policy: `aws s3api put-bucket-policy --bucket NAME
    --policy file://policy.json` replaces what is there. The bucket must have the object ownership "bucket owner
    enforced", so that its owner owns the copies.
    """
    name = stack.bucket_names[stack.alias_of(bucket)]
    statements = _statements(name, stack.routes, stack.output(Output.COPIER_ROLE_ARN))
    click.echo(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2))


def _statements(bucket: str, routes: Sequence[Route], role_arn: str) -> Iterator[Mapping[str, Any]]:
    # Roles and buckets that work together are in one partition: arn:PARTITION:iam::…
    arn = f"arn:{role_arn.split(':')[1]}:s3:::{bucket}"
    for grant in copier_grants(routes):
        places = [place for place in grant.places if place.bucket == bucket]
        if places:
            yield {
                "Sid": f"Copytrail{grant.purpose}",
                "Effect": "Allow",
                "Principal": {"AWS": role_arn},
                "Action": list(grant.actions),
                "Resource": [arn if place.keys is None else f"{arn}/{place.keys}" for place in places],
            }
