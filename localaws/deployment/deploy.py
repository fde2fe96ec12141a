"""A stack put up: assets into the bootstrap bucket, the template through CloudFormation's own API."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.deployment.assembly import Asset, Stack
from localaws.errors import LocalAwsError
from localaws.models import resource_types

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

# What `cdk bootstrap` writes; the template's rule asks for at least 6.
_BOOTSTRAP_VERSION = "30"


class DeployError(LocalAwsError):
    """CloudFormation did not accept or could not create the stack; the message is CloudFormation's."""


def deploy(stack: Stack, client: Callable[[str], Any]) -> dict[str, str]:
    """Create the stack, or update it when it is there, and give its outputs.

    Args:
        stack: what to deploy.
        client: gives a boto3 client for a service's name.

    Raises:
        UnsupportedResourceError: before anything is created, naming the resource and its type.
        DeployError: CloudFormation refused.
    """
    resource_types.check(stack.template)
    _bootstrap(stack, client("ssm"))
    for asset in stack.assets:
        _publish(asset, client("s3"))
    cloudformation: CloudFormationClient = client("cloudformation")
    asset = stack.template_asset
    url = f"{cloudformation.meta.endpoint_url}/{asset.bucket}/{asset.key}"
    try:
        put = cloudformation.update_stack if _exists(stack.name, cloudformation) else cloudformation.create_stack
        put(StackName=stack.name, TemplateURL=url, Capabilities=["CAPABILITY_NAMED_IAM"])
    except ClientError as error:
        raise DeployError(f"{stack.name}: {error.response['Error']['Message']}") from error
    return outputs(stack.name, cloudformation)


def outputs(stack_name: str, cloudformation: "CloudFormationClient") -> dict[str, str]:
    """The outputs of a stack that is up, by logical id."""
    [stack] = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _bootstrap(stack: Stack, ssm: Any) -> None:
    if version := stack.template.get("Parameters", {}).get("BootstrapVersion"):
        ssm.put_parameter(Name=version["Default"], Value=_BOOTSTRAP_VERSION, Type="String", Overwrite=True)


def _publish(asset: Asset, s3: "S3Client") -> None:
    try:
        s3.head_bucket(Bucket=asset.bucket)
    except ClientError:
        s3.create_bucket(Bucket=asset.bucket)
    s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.file.read_bytes())


def _exists(stack_name: str, cloudformation: "CloudFormationClient") -> bool:
    try:
        return bool(cloudformation.describe_stacks(StackName=stack_name)["Stacks"])
    except ClientError:
        return False
