"""`python -m infra.preflight`: what would keep a deployment from ending well, looked up before it begins.

It only reads. What it may not look up it says, and goes on; names that the stack itself holds are no obstacle.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import chain
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.costly_changes import costly_changes
from infra.environments import settings_here
from infra.settings.buckets import Bucket
from infra.settings.stack import Settings
from infra.validation import CONTEXT_KEY
from shared.errors import ConfigurationError

# Of `DefaultStackSynthesizer`, which the stack is synthesized by.
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_IMPORT = "--import-existing-resources"
_NOT_THERE = frozenset(
    {"404", "NoSuchBucket", "NoSuchEntity", "ParameterNotFound", "ResourceNotFoundException", "ValidationError"}
)
# "Configuring reserved concurrency for a function", Lambda developer guide.
_LEFT_UNRESERVED = 100
_NOT_ANY_MORE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})
_STUCK = {
    "DELETE_FAILED": "delete it: aws cloudformation delete-stack --stack-name {name}",
    "UPDATE_ROLLBACK_FAILED": "mend what its events name, then: aws cloudformation continue-update-rollback"
    " --stack-name {name}",
}


class Obstacle(NamedTuple):
    """What stops a deployment, or (`blocks` false) what could not be looked up; a sentence that says what to do."""

    text: str
    blocks: bool = True


Clients = Callable[[str], Any]


def main(arguments: Sequence[str]) -> int:
    """Look everything up, and say on stderr what is in the way; the exit code, 1 where something is."""
    parser = argparse.ArgumentParser(prog="python -m infra.preflight", description=__doc__)
    parser.add_argument("--context", default="", help="environment=NAME, as the CDK is given it")
    parser.add_argument("--profile", help="as the CDK is given it")
    parser.add_argument(_IMPORT, action="store_true", dest="imports", help="as the CDK is given it")
    given, _ = parser.parse_known_args(arguments)
    try:
        settings = settings_here(given.context)
    except ConfigurationError:
        # The app itself tells what is wrong with the settings, all of it.
        return 0
    try:
        region = os.environ.get("AWS_REGION")
        session = boto3.Session(profile_name=given.profile, region_name=region)
        found = list(obstacles(settings, session, imports=given.imports))
    except (BotoCoreError, ClientError) as error:
        found = [Obstacle(f"AWS cannot be asked: {error}")]
    for text, blocks in found:
        _say(f"{'' if blocks else 'not looked up: '}{text}")
    if any(each.blocks for each in found):
        _say("nothing was deployed")
        return 1
    return 0


def obstacles(settings: Settings, session: boto3.Session, *, imports: bool = False) -> Iterator[Obstacle]:
    """All that is in the way of deploying these settings; `imports`: the deployment takes in what is there already.

    Raises:
        BotoCoreError, ClientError: AWS did not answer.
    """
    if session.region_name is None:
        yield Obstacle("there is no AWS region: set AWS_REGION, or the CDK would take us-east-1")
        return
    if session.get_credentials() is None:
        yield Obstacle("there are no AWS credentials: run `aws sso login` or `aws configure`, or set AWS_PROFILE")
        return
    client: Clients = cache(session.client)
    try:
        account = client("sts").get_caller_identity()["Account"]
    except ClientError as error:
        yield Obstacle(
            f"AWS does not accept the credentials ({_message(error)}): run `aws sso login` or `aws configure`"
        )
        return
    yield from _bootstrap(client, account, session.region_name)
    yield from _stack(client, settings)
    owned, denied = _owned(client, settings.stack_name)
    taken: Iterator[Obstacle] = chain(
        _taken_names(client, settings, owned, imports=imports),
        _buckets(client, settings, owned, account, session.region_name, imports=imports),
    )
    if denied:
        yield denied
        # What is there may well be the stack's own.
        taken = (Obstacle(text, blocks=False) for text, _ in taken)
    yield from taken
    yield from _concurrency(client, settings, is_new=not owned)


def _bootstrap(client: Clients, account: str, region: str) -> Iterator[Obstacle]:
    there, denied = _asked(lambda: client("ssm").get_parameter(Name=_BOOTSTRAP_VERSION), "ssm:GetParameter")
    if denied:
        yield denied
    elif there is None:
        yield Obstacle(f"the CDK is not set up in account {account}, {region}: run `make bootstrap`, once")


def _stack(client: Clients, settings: Settings) -> Iterator[Obstacle]:
    name = settings.stack_name
    answer, denied = _asked(
        lambda: client("cloudformation").describe_stacks(StackName=name), "cloudformation:DescribeStacks"
    )
    if denied:
        yield denied
    if answer is None:
        return
    [stack] = answer["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    yield from map(Obstacle, costly_changes(settings, outputs))
    status = stack["StackStatus"]
    # One that never came to be is deleted by the CDK itself, and of one in review there is nothing yet.
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        yield Obstacle(f"stack '{name}' is {status}: wait until that has ended")
    elif status in _STUCK:
        yield Obstacle(f"stack '{name}' is {status}: {_STUCK[status].format(name=name)}")


def _owned(client: Clients, name: str) -> tuple[set[str], Obstacle | None]:
    """The physical names of what the stack holds already."""
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    answer, denied = _asked(lambda: list(pages), "cloudformation:ListStackResources")
    resources = [resource for page in answer or [] for resource in page["StackResourceSummaries"]]
    # Of a deployment that failed, DELETE_SKIPPED is what it left: the CDK makes the stack anew, without it.
    there = [resource for resource in resources if resource["ResourceStatus"] not in _NOT_ANY_MORE]
    return {resource.get("PhysicalResourceId", "") for resource in there}, denied


class _FixedName(NamedTuple):
    """A name that the settings give to something new, and how to look up whether something has it already."""

    what: str
    setting: str
    name: str | None
    service: str
    operation: str
    parameter: str
    advice: str
    # CloudFormation imports what may outlive a stack.
    outlives: bool = False

    @property
    def action(self) -> str:
        """The IAM action of the look-up."""
        return f"{self.service}:{''.join(map(str.capitalize, self.operation.split('_')))}"


def _fixed_names(settings: Settings) -> Iterator[_FixedName]:
    choose = "choose another, or null to let CloudFormation choose"
    take_in = f"`make deploy ARGS={_IMPORT}` takes it in; or choose another name"
    for key, function in (("copier", settings.copier), ("auditor", settings.auditor)):
        name = function.function_name
        yield _FixedName(
            "function", f"{key}.functionName", name, "lambda", "get_function", "FunctionName", f"{choose}, or delete it"
        )
        everywhere = "roles are the account's in all regions, so it may be that of a stack elsewhere"
        yield _FixedName(
            "role", f"{key}.roleName", function.role_name, "iam", "get_role", "RoleName", f"{everywhere}; {choose}"
        )
    table = settings.audit_table.name
    left = f"`make destroy` leaves it with its records; {take_in}"
    yield _FixedName("table", "auditTable.name", table, "dynamodb", "describe_table", "TableName", left, outlives=True)
    bus = settings.transfer_bus_name
    another = "choose another stackName, or delete it"
    yield _FixedName("event bus", "stackName", bus, "events", "describe_event_bus", "Name", another)


def _taken_names(client: Clients, settings: Settings, owned: set[str], *, imports: bool) -> Iterator[Obstacle]:
    for fixed in _fixed_names(settings):
        if fixed.name is None or fixed.name in owned:
            continue
        there, denied = _asked(
            partial(getattr(client(fixed.service), fixed.operation), **{fixed.parameter: fixed.name}), fixed.action
        )
        if denied:
            yield denied
        elif there is not None and not (imports and fixed.outlives):
            place = f"{CONTEXT_KEY}.{fixed.setting}"
            yield Obstacle(f"the {fixed.what} {fixed.name} ({place}) is there already: {fixed.advice}")


def _buckets(
    client: Clients, settings: Settings, owned: set[str], account: str, region: str, *, imports: bool
) -> Iterator[Obstacle]:
    sources = {route.source_bucket for route in settings.routes}
    for alias, bucket in settings.buckets.items():
        if bucket.existing:
            yield from _existing_bucket(client, f"buckets.{alias}", bucket, region, sends_events=alias in sources)
        elif bucket.name and bucket.name not in owned:
            yield from _new_bucket(client, f"buckets.{alias}.name", bucket.name, account, imports=imports)
    logs = settings.access_logs
    if logs.existing:
        theirs = Bucket.model_validate({"name": logs.bucket_name, "existing": True, "account": account})
        yield from _existing_bucket(client, "accessLogs", theirs, region, sends_events=False)
    elif logs.bucket_name and logs.bucket_name not in owned:
        yield from _new_bucket(client, "accessLogs.bucketName", logs.bucket_name, account, imports=imports)


def _new_bucket(client: Clients, setting: str, name: str, account: str, *, imports: bool) -> Iterator[Obstacle]:
    named = f"the bucket {name} ({CONTEXT_KEY}.{setting})"
    found = _head_bucket(client, name, account)
    if found.owned and not imports:
        yield Obstacle(
            f"{named} is there already, in this account: `make deploy ARGS={_IMPORT}` takes it in, as after"
            " `make destroy`; or say `existing`: true, to use it and change nothing in it; or choose another name"
        )
    elif found.region and not found.owned:
        yield Obstacle(
            f"{named} belongs to another account, or you may not look at it: bucket names are everybody's; choose"
            " another, or null to let CloudFormation choose"
        )
    elif found.denied:
        yield found.denied


def _existing_bucket(
    client: Clients, setting: str, bucket: Bucket, region: str, *, sends_events: bool
) -> Iterator[Obstacle]:
    named = f"the existing bucket {bucket.name} ({CONTEXT_KEY}.{setting})"
    found = _head_bucket(client, str(bucket.name), bucket.account)
    if found.missing:
        yield Obstacle(f"{named} is not there: make it, or take `existing` out")
    elif sends_events and found.region and found.region != region:
        yield Obstacle(
            f"{named} is in {found.region}, and its events go to EventBridge there: deploy to {found.region}, where"
            " the rules hear of them"
        )
    elif found.denied and not found.region:
        yield found.denied


def _concurrency(client: Clients, settings: Settings, *, is_new: bool) -> Iterator[Obstacle]:
    reserved = sum(function.reserved_concurrency or 0 for function in (settings.copier, settings.auditor))
    if not reserved:
        return
    answer, denied = _asked(client("lambda").get_account_settings, "lambda:GetAccountSettings")
    if denied:
        yield denied
        return
    # What a stack that is up has reserved itself is not free any more, and would be counted twice.
    limit = answer["AccountLimit"]["UnreservedConcurrentExecutions" if is_new else "ConcurrentExecutions"]
    if reserved > (most := limit - _LEFT_UNRESERVED):
        yield Obstacle(
            f"the functions reserve {reserved:,} ({CONTEXT_KEY}.copier.reservedConcurrency and the auditor's), and"
            f" {max(most, 0):,} is the most here: Lambda leaves {_LEFT_UNRESERVED} of {limit:,} to others; reserve"
            " less, or have the account's quota raised"
        )


class _Head(NamedTuple):
    """What HeadBucket says: that it is of the owner who was asked for, its region where that is told, or nothing."""

    owned: bool = False
    missing: bool = False
    region: str | None = None
    denied: Obstacle | None = None


def _head_bucket(client: Clients, name: str, account: str | None) -> _Head:
    owner = {"ExpectedBucketOwner": account} if account else {}
    try:
        answer = client("s3").head_bucket(Bucket=name, **owner)
    except ClientError as error:
        if _code(error) in _NOT_THERE:
            return _Head(missing=True)
        # S3 tells the region of a bucket that is there to anybody ("HeadBucket", S3 API reference).
        headers = error.response["ResponseMetadata"].get("HTTPHeaders", {})
        denied = Obstacle(f"s3:ListBucket on {name} ({_message(error)})", blocks=False)
        return _Head(region=headers.get("x-amz-bucket-region"), denied=denied)
    return _Head(owned=True, region=answer.get("BucketRegion"))


def _asked(ask: Callable[[], Any], action: str) -> tuple[Any, Obstacle | None]:
    """The answer, or None where there is no such thing; and what could not be looked up, if AWS refused."""
    try:
        return ask(), None
    except ClientError as error:
        is_missing = _code(error) in _NOT_THERE
        return None, None if is_missing else Obstacle(f"{action} ({_message(error)})", blocks=False)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _message(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message", "")) or _code(error)


def _say(text: str) -> None:
    print(f"preflight: {text}", file=sys.stderr)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
