"""Changes of settings that lose records or uploads: two renames, and doing without the customer's key."""

import json
from collections.abc import Iterator, Mapping

from infra.settings.stack import Settings
from infra.validation import CONTEXT_KEY


def costly_changes(settings: Settings, outputs: Mapping[str, str]) -> Iterator[str]:
    """What is to change and would lose sight of records or of uploads, a sentence each that says what to do.

    All else may change: see "Changing what is deployed" in docs/deploying.md.

    Args:
        settings: what is to be deployed.
        outputs: those of the stack as it is; of one that is half there, none.
    """
    table, name = outputs.get("AuditTableName"), settings.audit_table.name
    # CloudFormation's own names begin with those of the stack and the resource.
    if table and table != name and (name or not table.startswith(f"{settings.stack_name}-AuditTable")):
        yield (
            f"the audit table is {table}, and {CONTEXT_KEY}.auditTable.name would make another, empty one, where"
            f" copytrail then looks: set it to '{table}' again"
        )
    sources = {route.source_bucket for route in settings.routes}
    for alias, bucket in json.loads(outputs.get("BucketNames", "{}")).items():
        given = settings.buckets[alias].name if alias in sources & settings.buckets.keys() else None
        if given and given != bucket:
            yield (
                f"the source bucket '{alias}' is {bucket}, and {CONTEXT_KEY}.buckets.{alias}.name is {given}: what is"
                f" still queued of {bucket} would fail; give {given} a short name and a route of its own, and take"
                f" '{alias}' out once nothing comes there any more"
            )
    if (key := outputs.get("CustomerKeyArn")) and not settings.customer_key:
        # What was encrypted stays so when its queue is not any more ("Encryption at rest", SQS developer guide).
        yield (
            f"what the queues hold is encrypted with {key}, and without {CONTEXT_KEY}.customerKey the functions could"
            " not read it: set that to true again, or, once queues and DLQs are empty, run `npx cdk deploy`"
        )
