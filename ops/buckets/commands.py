"""The commands that change a bucket which is not the stack's to change, when its owner agrees."""

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from ops.buckets.change import apply_change, as_json
from ops.buckets.lifecycle import SMALLEST, covering_rules, lifecycle_configuration, with_abort_rules, written_prefixes
from ops.buckets.notifications import notification_configuration, sends_events, with_events
from ops.errors import UsageError
from ops.stack import Stack
from ops.terminal.formats import counted
from ops.terminal.prompts import note, yes_option
from shared.lambda_runtime.aws import translated
from shared.operations import OperationKind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BUCKET = click.argument("bucket", metavar="BUCKET")


@click.command(
    "enable-events",
    short_help="Have an existing source bucket send its events.",
    epilog="\b\nExample:\n  $ copytrail enable-events source",
)
@_BUCKET
@yes_option
@click.pass_obj
def enable_events(stack: Stack, bucket: str, *, yes: bool) -> None:
    """Turn Amazon EventBridge on in the notifications of BUCKET, a source, most often one that copytrail did not make.

    BUCKET is its key under `buckets` in cdk.json, or its name. What else is in its notifications stays as it is: it is
    read, shown with the change, sent back whole once you agree, and read again. S3 has no condition for that: nobody
    else should change them in the same moment. It is on record, in `copytrail audit operations`.

    It takes s3:ListBucket and s3:GetBucketNotification on the bucket, and s3:PutBucketNotification, which none of the
    stack's policies allows: it belongs to those who administer the bucket.
    """
    alias = stack.source_alias_of(bucket)
    name = stack.bucket_names[alias]
    with closing(stack.client("s3")) as s3:
        owner = stack.expected_owner(alias)
        _check_region(s3, stack, name, owner)
        configuration = notification_configuration(s3, name, owner)
        before = configuration.read()
        made_by_stack = alias not in stack.existing_buckets
        if sends_events(before):
            by = ": the stack turned it on" if made_by_stack else ""
            note(f"s3://{name} sends its events to EventBridge already{by}; there is nothing to do")
            return
        if made_by_stack:
            note(
                f"the stack turned EventBridge on in s3://{name}, and somebody has turned it off since: a deployment"
                " that changes nothing does not turn it on again"
            )
        changed = apply_change(
            stack, OperationKind.ENABLE_EVENTS, configuration, before=before, after=with_events(before), yes=yes
        )
    if changed:
        # "Enabling Amazon EventBridge", S3 user guide.
        note(
            f"uploads to s3://{name} are copied from now on; S3 may take five minutes to begin."
            f" `copytrail backfill --bucket {alias}` copies what was there before"
        )


@click.command(
    "lifecycle-rule",
    short_help="Have orphaned parts of copies removed.",
    epilog="\b\nExamples:\n  $ copytrail lifecycle-rule destination > lifecycle.json"
    "\n  $ copytrail lifecycle-rule destination --days 3 --apply",
)
@_BUCKET
@click.option(
    "--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="After how many days they are removed."
)
@click.option("--apply", is_flag=True, help="Put it, after a question: else it is printed only.")
@yes_option
@click.pass_obj
def lifecycle_rule(stack: Stack, bucket: str, *, days: int, apply: bool, yes: bool) -> None:
    """Have S3 remove what copies in parts that never ended leave in BUCKET, a destination that copytrail did not make.

    BUCKET is its key under `buckets` in cdk.json, or its name. No listing shows such parts, and they are paid for.

    Printed are all of the bucket's lifecycle rules as they would be, as `aws s3api
    put-bucket-lifecycle-configuration` takes them: that call replaces all rules, so those that are there stay among
    them as they are. The new rule removes parts under the prefixes of this stack's routes only, and none is added where
    another rule does so already.

    It takes s3:GetLifecycleConfiguration on the bucket, and with --apply s3:PutLifecycleConfiguration, which none of
    the stack's policies allows: they belong to those who administer the bucket.
    """
    if yes and not apply:
        raise UsageError("--yes belongs to --apply: add it, or leave --yes out")
    alias = stack.alias_of(bucket)
    name = stack.bucket_names[alias]
    prefixes = written_prefixes(stack.routes, name)
    if not prefixes:
        raise UsageError(f"no route ends at '{alias}' ({name}): no copies in parts are made there")
    with closing(stack.client("s3")) as s3:
        configuration = lifecycle_configuration(s3, name, stack.expected_owner(alias))
        before = configuration.read()
        after = with_abort_rules(before, prefixes, days=days)
        if after == before:
            for rule, after_days in covering_rules(before, prefixes):
                note(f"{rule} of s3://{name} removes parts after {counted(after_days, 'day')} already")
            note("there is nothing to do")
        elif apply:
            apply_change(stack, OperationKind.REMOVE_ORPHANED_PARTS, configuration, before=before, after=after, yes=yes)
    if not apply:
        click.echo(as_json({"Rules": after["Rules"]}))
        if smallest := after.get(SMALLEST):
            note(f"give `aws` this as well, as it is now: --transition-default-minimum-object-size {smallest}")


def _check_region(s3: "S3Client", stack: Stack, bucket: str, owner: Any) -> None:
    with translated("s3:ListBucket", f"s3://{bucket}"):
        region = s3.head_bucket(Bucket=bucket, **owner).get("BucketRegion")
    if region and region != stack.region:
        raise UsageError(
            f"s3://{bucket} is in {region}, and tells EventBridge there, where no rule of '{stack.name}' in"
            f" {stack.region} hears of it: deploy copytrail in {region}"
        )
