"""A cloud assembly put up: its assets into the bootstrap bucket, its template through CloudFormation's own API."""

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.errors import LocalAwsError
from localaws.models import resource_types

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client


class DeployError(LocalAwsError):
    """CloudFormation did not accept or could not create the stack; the message is CloudFormation's."""


@dataclass(frozen=True)
class Asset:
    """A file of the assembly, and the bucket and key that the template looks for it at."""

    file: Path
    bucket: str
    key: str


@dataclass(frozen=True)
class Stack:
    """A stack of the assembly."""

    name: str
    template: dict[str, Any]
    assets: tuple[Asset, ...]
    template_asset: Asset


def read_stack(assembly: Path, *, account_id: str, region: str) -> Stack:
    """The stack of an assembly that has one.

    Raises:
        LocalAwsError: it has none or several, or its assets are of a kind that cannot be published here.
    """
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {name: each for name, each in artifacts.items() if each["type"] == "aws:cloudformation:stack"}
    if len(stacks) != 1:
        raise LocalAwsError(f"the app has {len(stacks)} stacks ({', '.join(stacks)}); the embedded AWS takes one")
    [(artifact_id, stack)] = stacks.items()
    template_file = stack["properties"]["templateFile"]
    place = {"${AWS::AccountId}": account_id, "${AWS::Region}": region, "${AWS::Partition}": "aws"}
    assets = {asset.file: asset for asset in _assets(assembly, place)}
    template = assembly / template_file
    if template not in assets:
        raise LocalAwsError(f"{template_file} is not among the assets: the app must use the default synthesizer")
    return Stack(
        name=stack["properties"].get("stackName", artifact_id),
        template=json.loads(template.read_text()),
        assets=tuple(assets.values()),
        template_asset=assets[template],
    )


def deploy(stack: Stack, client: Callable[[str], Any]) -> dict[str, str]:
    """Create the stack, or update it when it is there, and give its outputs by logical id.

    Args:
        stack: what to deploy.
        client: gives a boto3 client for a service's name.

    Raises:
        UnsupportedResourceError: before anything is created, naming the resource and its type.
        DeployError: CloudFormation refused.
    """
    resource_types.check(stack.template)
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
    [put_up] = cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in put_up.get("Outputs", [])}


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


def _assets(assembly: Path, place: dict[str, str]) -> Iterator[Asset]:
    for manifest in sorted(assembly.glob("*.assets.json")):
        for entry in json.loads(manifest.read_text())["files"].values():
            if "path" not in entry["source"]:
                raise LocalAwsError(f"{manifest.name}: an asset that a command makes cannot be published here")
            for destination in entry["destinations"].values():
                yield Asset(
                    file=_as_file(assembly / entry["source"]["path"], entry["source"]["packaging"]),
                    bucket=_filled_in(destination["bucketName"], place),
                    key=_filled_in(destination["objectKey"], place),
                )


def _filled_in(text: str, place: dict[str, str]) -> str:
    for placeholder, value in place.items():
        text = text.replace(placeholder, value)
    return text


def _as_file(source: Path, packaging: str) -> Path:
    """The asset as one file; a directory is zipped once, uncompressed: it goes no further than this machine."""
    if packaging == "file":
        return source
    archive = source.with_name(f"{source.name}.zip")
    if not archive.exists():
        # A process that does the same at the same time ends with the same content.
        unfinished = archive.with_name(f".{archive.name}-{id(archive)}")
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as file:
            for path in sorted(path for path in source.rglob("*") if path.is_file()):
                file.write(path, path.relative_to(source))
        unfinished.rename(archive)
    return archive
