"""The judge of requests: IAM's rules, as npm's iam-simulate knows them, on the policies as they are deployed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from localaws.embedded import ACCOUNT_ID, EmbeddedAws
from tests.permissions.calls import Needed, regional

_SCRIPT = Path(__file__).with_name("judge.mjs")
_TAKES_AT_MOST_S = 120
ALLOWED = "Allowed"


@dataclass(frozen=True)
class Principal:
    """Who asks: an ARN, or a service's name, with the identity policies that are attached."""

    arn: str
    policies: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def role(cls, name: str, *policies: str) -> "Principal":
        """A session of a role; a condition on who asks sees the role."""
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/{name}"
        return cls(f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/session", policies, {"aws:PrincipalArn": role})

    @classmethod
    def rule(cls, arn: str) -> "Principal":
        """EventBridge, on behalf of a rule."""
        return cls("events.amazonaws.com", (), {"aws:SourceArn": arn})


class Request(NamedTuple):
    """Who wants to do what. `over_tls`: whether the connection is encrypted."""

    principal: Principal
    needed: Needed
    over_tls: bool = True

    def __str__(self) -> str:
        who = self.principal.context.get("aws:PrincipalArn", self.principal.arn)
        what = f"{short(who)}: {self.needed.action} on {short(self.needed.resource)}"
        return f"{what} {dict(self.needed.context) or ''}{'' if self.over_tls else ' over plain HTTP'}".rstrip()


class Unnoticed(NamedTuple):
    """What of a policy no request would miss: an action on a resource, or a condition's operator and key of it.

    Policies and resources as `short` has them.
    """

    policy: str
    action: str
    resource: str
    condition: str = ""


@dataclass(frozen=True)
class Judgement:
    """What IAM says to each request, and what of the policies none of them would miss."""

    verdicts: Mapping[Request, str]
    unnoticed: frozenset[Unnoticed]

    def not_allowed(self, requests: Iterable[Request]) -> list[str]:
        """Those of the requests that IAM denies."""
        return sorted(str(each) for each in requests if self.verdicts[each] != ALLOWED)

    def allowed(self, requests: Iterable[Request]) -> list[str]:
        """Those of the requests that IAM allows."""
        return sorted(str(each) for each in requests if self.verdicts[each] == ALLOWED)


@dataclass(frozen=True)
class Policies:
    """Policies: `identity` by names, `resource` by the ARNs that they are of."""

    identity: Mapping[str, Any]
    resource: Mapping[str, Any] = field(default_factory=dict)

    def judge(self, requests: Iterable[Request], *, besides: "Policies", also: Iterable[Request] = ()) -> Judgement:
        """Have each request judged, and each part of these policies taken away in turn.

        Args:
            besides: policies of which nothing is taken away.
            also: requests that are judged, and do not count as who would miss something.
        """
        missing = len(asked := list(dict.fromkeys(requests)))
        asked = list(dict.fromkeys([*asked, *also]))
        told = json.dumps(
            {
                "identityPolicies": {**self.identity, **besides.identity},
                "resourcePolicies": {**self.resource, **besides.resource},
                "takenAway": [*self.identity, *self.resource],
                "missing": missing,
                "requests": [_as_json(each, [*self.resource, *besides.resource]) for each in asked],
            }
        )
        judged = subprocess.run(  # noqa: S603 - node is the environment's own
            [Path(sys.executable).with_name("node"), _SCRIPT],
            input=told,
            capture_output=True,
            text=True,
            timeout=_TAKES_AT_MOST_S,
            check=False,
        )
        assert judged.returncode == 0, judged.stderr
        answer = json.loads(judged.stdout)
        return Judgement(
            dict(zip(asked, answer["verdicts"], strict=True)),
            frozenset(
                Unnoticed(short(one["policy"]), one["action"], short(one["resource"]), one["without"])
                for one in answer["unnoticed"]
            ),
        )


def short(name: str) -> str:
    """An ARN, or a name, without what is the same for all, and what CloudFormation makes up."""
    return _GENERATED.sub(r"\1", name.split(":", 5)[-1])


# A logical id of CDK's, with the stack's name before it and CloudFormation's own characters behind it.
_GENERATED = re.compile(r"copytrail-([A-Za-z]+)[0-9A-F]{8}-[A-Z0-9]{12}")


def _as_json(request: Request, with_policies: Iterable[str]) -> Mapping[str, Any]:
    principal, wanted = request.principal, request.needed
    resource = wanted.resource
    return {
        "principal": principal.arn,
        "identityPolicies": principal.policies,
        "action": wanted.action,
        "resource": resource,
        "account": ACCOUNT_ID,
        # Its own, its bucket's, its table's.
        "resourcePolicy": next((arn for arn in with_policies if f"{resource}/".startswith(f"{arn}/")), None),
        "context": {
            "aws:SecureTransport": "true" if request.over_tls else "false",
            **principal.context,
            **dict(wanted.context),
        },
    }


ADMINISTRATOR = Principal.role("admin", "AdministratorAccess")


def administrators_policy() -> Mapping[str, Any]:
    """That of `ADMINISTRATOR`, who is nobody of ours, by its name."""
    return {"AdministratorAccess": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}


def key_policies(*keys: str) -> Mapping[str, Any]:
    """What KMS gives keys by default ("Default key policy", KMS developer guide), by their ARNs."""
    account = {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
    enabled = {"Effect": "Allow", "Principal": account, "Action": "kms:*", "Resource": "*"}
    return {key: {"Statement": [enabled]} for key in keys}


def policies_of_roles(aws: EmbeddedAws) -> Mapping[str, Any]:
    """The policy of each role, which has one, by its name, as it is deployed."""
    iam = aws.client("iam")
    found = {}
    for role in iam.list_roles()["Roles"]:
        [policy] = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        answer = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)
        found[role["RoleName"]] = answer["PolicyDocument"]
    return found


def managed_policies(aws: EmbeddedAws, outputs: Mapping[str, str]) -> Mapping[str, Any]:
    """The managed policies of a stack by its outputs, without "PolicyArn", as they are deployed."""
    iam = aws.client("iam")
    found = {}
    for output, arn in outputs.items():
        if output.endswith("PolicyArn"):
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
            found[output.removesuffix("PolicyArn")] = answer["Document"]
    return found


def resource_policies(aws: EmbeddedAws, outputs: Mapping[str, str]) -> Mapping[str, Any]:
    """The policies of a stack's queues, buckets and audit table, by their ARNs, as they are deployed."""
    sqs, s3, dynamodb = map(aws.client, ("sqs", "s3", "dynamodb"))
    found = {}
    for output, arn in arns_of_queues(outputs).items():
        told = sqs.get_queue_attributes(QueueUrl=outputs[output], AttributeNames=["Policy"])["Attributes"]
        found[arn] = json.loads(told["Policy"])
    for bucket in json.loads(outputs["BucketNames"]).values():
        found[f"arn:aws:s3:::{bucket}"] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    table = dynamodb.describe_table(TableName=outputs["AuditTableName"])["Table"]["TableArn"]
    found[table] = json.loads(dynamodb.get_resource_policy(ResourceArn=table)["Policy"])
    return found


def rules_of(aws: EmbeddedAws, outputs: Mapping[str, str]) -> Iterator[Request]:
    """What EventBridge asks of the queues for the stack's rules: to send there, and to the dead-letter queue."""
    events = aws.client("events")
    for bus in ("default", outputs["TransferBusName"]):
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            for target in events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]:
                for queue in (target["Arn"], target["DeadLetterConfig"]["Arn"]):
                    yield Request(Principal.rule(rule["Arn"]), Needed("sqs:SendMessage", queue))


def arns_of_queues(outputs: Mapping[str, str]) -> Mapping[str, str]:
    """Output → the ARN of the queue."""
    names = ("CopyQueueUrl", "CopyDlqUrl", "AuditQueueUrl", "AuditDlqUrl")
    return {name: regional("sqs", outputs[name].rpartition("/")[2]) for name in names}
