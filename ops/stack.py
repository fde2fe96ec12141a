"""The deployed stack: its outputs, and clients for its account and region."""

import re
from contextlib import closing
from enum import StrEnum
from functools import cached_property
from shlex import quote
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from ops.aws.foreign_answers import refuse_foreign_answers
from ops.errors import CommandError, UsageError
from shared.lambda_runtime.aws import keep_expires_as_text
from shared.routes import Route

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


class Output(StrEnum):
    """The stack's outputs that commands need, by their logical ids."""

    ROUTES = "Routes"
    TRANSFER_BUS_NAME = "TransferBusName"
    COPY_QUEUE_URL = "CopyQueueUrl"
    COPY_DLQ_URL = "CopyDlqUrl"
    AUDIT_QUEUE_URL = "AuditQueueUrl"
    AUDIT_DLQ_URL = "AuditDlqUrl"
    AUDIT_TABLE_NAME = "AuditTableName"
    BUCKET_NAMES = "BucketNames"
    EXISTING_BUCKETS = "ExistingBuckets"
    COPIER_ROLE_ARN = "CopierRoleArn"
    COPIER_FUNCTION_NAME = "CopierFunctionName"
    AUDITOR_FUNCTION_NAME = "AuditorFunctionName"
    COPIER_MAPPING_ID = "CopierMappingId"
    AUDITOR_MAPPING_ID = "AuditorMappingId"
    COPIER_LOG_GROUP_NAME = "CopierLogGroupName"
    AUDITOR_LOG_GROUP_NAME = "AuditorLogGroupName"
    KMS_KEY_ARNS = "KmsKeyArns"
    PARTS = "Parts"


DEFAULT_NAME = "copytrail"
_PROGRAMS = re.compile(r"(?:^|(?<=&& ))(?:aws|copytrail)\b")


class Stack:
    """A deployed copytrail stack, and the clients that read it and write to it."""

    def __init__(self, name: str, *, region: str | None = None, profile: str | None = None) -> None:
        self.name = name
        self._region = region
        self._profile = profile

    def client(self, service: str, *, connections: int = 1) -> Any:
        """A boto3 client in the stack's region, for so many threads, that gives up within seconds.

        Raises:
            CommandError: the endpoint that AWS_ENDPOINT_URL names is no URL.
            BotoCoreError: there is no region, or no such profile.
        """
        from botocore.config import Config  # noqa: PLC0415 - as boto3 below

        config = Config(
            connect_timeout=5,
            read_timeout=30,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": 3},
            user_agent_extra="copytrail",
        )
        try:
            made = self._session.client(service, config=config)  # type: ignore[call-overload]  # literal names only
        except ValueError as error:
            raise UsageError(f"{str(error).rstrip('.')}: check AWS_ENDPOINT_URL and --region") from error
        keep_expires_as_text(made)
        refuse_foreign_answers(made)
        return made

    def typed(self, command: str | None) -> str:
        """A command as a person types it: with the options that have it work on this very stack.

        Args:
            command: None: the one that has the stack as it was deployed again.
        """
        profile = ["--profile", quote(self._profile)] if self._profile else []
        place = [*(["--region", quote(self._region)] if self._region else []), *profile]
        if command is None:
            # What was changed or deleted by hand comes back ("Using drift-aware change sets", CloudFormation user
            # guide). Where the stack has settings of its own, and ENV is forgotten, the CDK knows no stack of that
            # name, and stops.
            return f"make deploy ARGS='{' '.join(['--revert-drift', self.name, *profile])}'"
        words = {
            "aws": place,
            "copytrail": [*([] if self.name == DEFAULT_NAME else ["--stack", quote(self.name)]), *place],
        }
        return _PROGRAMS.sub(lambda program: " ".join([program[0], *words[program[0]]]), command)

    def output(self, name: Output) -> str:
        """The value of one output.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack.
            BotoCoreError, ClientError: CloudFormation did not answer.
        """
        outputs = {output["OutputKey"]: output["OutputValue"] for output in self._description.get("Outputs", [])}
        if name not in outputs:
            status = self._description.get("StackStatus")
            raise UsageError(
                f"stack '{self.name}' has no output {name} (status {status}): is it a copytrail stack,"
                " fully deployed, and by this version?"
            )
        return outputs[name]

    def resource_arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the stack's account and region.

        Raises:
            CommandError: there is no such stack.
        """
        _, partition, _, region, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    @property
    def account(self) -> str:
        """The number of the stack's account.

        Raises:
            CommandError: there is no such stack.
        """
        return self.arn.split(":")[4]

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The stack's routes, with the real names of the buckets.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack of this version.
        """
        try:
            return msgspec.json.decode(self.output(Output.ROUTES), type=tuple[Route, ...])
        except msgspec.DecodeError as error:
            raise UsageError(f"stack '{self.name}' has routes of another version of copytrail: {error}") from error

    @cached_property
    def bucket_names(self) -> dict[str, str]:
        """The real names of the stack's buckets, by their keys under `buckets` in cdk.json.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack.
        """
        return msgspec.json.decode(self.output(Output.BUCKET_NAMES), type=dict[str, str])

    @cached_property
    def existing_buckets(self) -> dict[str, str | None]:
        """The accounts of the buckets that the stack uses and did not make, where they are set, by their keys.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack of this version.
        """
        return msgspec.json.decode(self.output(Output.EXISTING_BUCKETS), type=dict[str, str | None])

    @cached_property
    def key_arns(self) -> list[str]:
        """The KMS keys with which buckets of the stack encrypt, and its own.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack of this version.
        """
        return msgspec.json.decode(self.output(Output.KMS_KEY_ARNS), type=list[str])

    def alias_of(self, bucket: str) -> str:
        """The key under `buckets` in cdk.json of a bucket that a person names by its key or its name.

        Raises:
            CommandError: the stack has no such bucket, or there is no such stack.
        """
        names = self.bucket_names
        if bucket in names:
            return bucket
        for alias, name in names.items():
            if name == bucket:
                return alias
        known = ", ".join(f"{key} ({its_name})" for key, its_name in sorted(names.items()))
        raise UsageError(f"stack '{self.name}' has no bucket '{bucket}': it has {known}")

    def source_alias_of(self, bucket: str) -> str:
        """The key under `buckets` in cdk.json of a source bucket that a person names by its key or its name.

        Raises:
            CommandError: no route begins at such a bucket, or there is no such stack.
        """
        alias = self.alias_of(bucket)
        name = self.bucket_names[alias]
        if not any(route.source_bucket == name for route in self.routes):
            raise UsageError(f"no route begins at '{alias}' ({name}): nobody waits for its events")
        return alias

    def is_elsewhere(self, bucket: str) -> bool:
        """Whether a bucket, by its name, is set as one of another account.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack of this version.
        """
        return self.existing_buckets.get(self.alias_of(bucket)) not in {None, self.account}

    def expected_owner(self, alias: str) -> dict[str, str]:
        """What goes with a request to S3, so that it is refused for a bucket of somebody else's; nothing is known: {}.

        Raises:
            CommandError: there is no such stack, or it is not a copytrail stack of this version.
        """
        account = self.existing_buckets.get(alias)
        return {"ExpectedBucketOwner": account} if account else {}

    @property
    def arn(self) -> str:
        """The stack's ARN, which has its partition, region and account.

        Raises:
            CommandError: there is no such stack.
        """
        return self._description["StackId"]

    @property
    def is_protected(self) -> bool:
        """Whether CloudFormation refuses to delete it.

        Raises:
            CommandError: there is no such stack.
        """
        return bool(self._description.get("EnableTerminationProtection"))

    @cached_property
    def region(self) -> str | None:
        """The region it is looked for in."""
        return self._session.region_name

    @cached_property
    def caller_arn(self) -> str:
        """Who is asking, as AWS names them.

        Raises:
            BotoCoreError, ClientError: STS did not answer.
        """
        with closing(self.client("sts")) as sts:
            return str(sts.get_caller_identity()["Arn"])

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 - most of a second: --help, --version and completion do not wait for it

        return boto3.Session(region_name=self._region, profile_name=self._profile)

    @cached_property
    def _description(self) -> "StackTypeDef":
        cloudformation = self.client("cloudformation")
        try:
            stacks = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ValidationError":
                raise
            raise self._unknown(error) from error
        return stacks[0]  # type: ignore[no-any-return]

    def _unknown(self, error: ClientError) -> CommandError:
        message = error.response.get("Error", {}).get("Message", "")
        if "does not exist" not in message:
            return UsageError(f"'{self.name}' is no stack name: {message}")
        return UsageError(
            f"there is no stack '{self.name}' in {self.region}: deploy it, or name another with --stack or"
            " COPYTRAIL_STACK, and its region with --region"
        )
