"""Parameters and answers that several S3 calls share: bucket owners, conditions, version ids, checksums."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from services.copier.model import ConditionRefusedError, Location
from shared.events import Checksum
from shared.lambda_runtime.aws import is_gone

# 412: a condition did not hold. 409: another write of the key was under way ("Add preconditions to S3 operations with
# conditional requests", S3 user guide). The source, or the destination that If-Match names, may also be gone.
_CONDITION_CODES = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})

# What S3 says for the id of a version that the next write replaces.
NO_VERSION = "null"


class BucketOwners:
    """Whose the buckets are, as far as that is known: bucket name → account id."""

    def __init__(self, owners: Mapping[str, str]) -> None:
        self._owners = owners

    def of(self, location: Location, parameter: str = "ExpectedBucketOwner") -> dict[str, Any]:
        """The parameter that makes S3 check the owner; nothing when the owner is not known."""
        owner = self._owners.get(location.bucket)
        return {parameter: owner} if owner else {}


@contextmanager
def conditions() -> Iterator[None]:
    """Raise ConditionRefusedError for the answers that say a condition did not hold."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _CONDITION_CODES or is_gone(error):
            raise ConditionRefusedError from error
        raise


def on_destination(if_match: str | None) -> dict[str, Any]:
    """The condition on the destination: this ETag, or no object at all."""
    return {"IfNoneMatch": "*"} if if_match is None else {"IfMatch": quoted(if_match)}


def given(**parameters: str | None) -> dict[str, Any]:
    """The parameters that have a value."""
    return {name: value for name, value in parameters.items() if value}


def version_id_of(answer: Mapping[str, Any], name: str = "VersionId") -> str | None:
    """The version id that an answer tells; None where a write replaces what was there.

    With versioning suspended S3 says "null" of every write, so it tells nothing apart.
    """
    told = answer.get(name)
    return None if told in (None, NO_VERSION) else str(told)


def quoted(etag: str) -> str:
    """An ETag as headers write it."""
    return f'"{etag}"'


def checksum(answer: Mapping[str, Any]) -> Checksum | None:
    """The checksum that an answer tells, if any."""
    for name, value in answer.items():
        if name.startswith("Checksum") and name not in ("ChecksumType", "ChecksumAlgorithm"):
            return Checksum(algorithm=name.removeprefix("Checksum"), value=value, type=answer.get("ChecksumType"))
    return None
