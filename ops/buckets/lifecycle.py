"""The lifecycle configuration of a bucket, and the rules in it that remove what unfinished copies in parts leave."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ops.buckets.change import BucketConfiguration, Configuration, is_like
from shared.errors import CopytrailError
from shared.lambda_runtime.aws import translated
from shared.routes import Route

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# From which size on objects change their storage class: it stands beside the rules, and is replaced with them. What S3
# takes where nothing is said, it tells ("PutBucketLifecycleConfiguration", S3 API reference).
SMALLEST = "TransitionDefaultMinimumObjectSize"
_DEFAULT_SMALLEST = "all_storage_classes_128K"
_OURS = "copytrail-orphaned-parts"
_ABORT = "AbortIncompleteMultipartUpload"

Rule = Mapping[str, Any]


def lifecycle_configuration(s3: "S3Client", bucket: str, owner: Configuration) -> BucketConfiguration:
    """That of a bucket, its rules and what stands beside them; `owner` goes with each request."""

    def read() -> Configuration:
        try:
            with translated("s3:GetLifecycleConfiguration", f"s3://{bucket}"):
                answer = cast("dict[str, Any]", s3.get_bucket_lifecycle_configuration(Bucket=bucket, **owner))
        except CopytrailError as error:
            if error.reason != "NoSuchLifecycleConfiguration":
                raise
            return {"Rules": []}
        smallest = answer.get(SMALLEST, _DEFAULT_SMALLEST)
        return {"Rules": answer["Rules"]} | ({} if smallest == _DEFAULT_SMALLEST else {SMALLEST: smallest})

    def replace(configuration: Configuration) -> None:
        rest: Any = {name: value for name, value in configuration.items() if name != "Rules"}
        with translated("s3:PutLifecycleConfiguration", f"s3://{bucket}"):
            s3.put_bucket_lifecycle_configuration(
                Bucket=bucket, LifecycleConfiguration={"Rules": configuration["Rules"]}, **rest, **owner
            )

    return BucketConfiguration("lifecycle configuration", bucket, read, replace)


def written_prefixes(routes: Iterable[Route], bucket: str) -> list[str]:
    """The prefixes under which these routes write to a bucket, none of them within another."""
    prefixes = {route.destination_prefix for route in routes if route.destination_bucket == bucket}
    return sorted(one for one in prefixes if not any(one != other and one.startswith(other) for other in prefixes))


def with_abort_rules(configuration: Configuration, prefixes: Sequence[str], *, days: int) -> Configuration:
    """The same with a rule of ours for each prefix that no other rule covers; ours of the same prefix is replaced.

    Ours of another prefix stays: another stack may write there.
    """
    ours = [_rule(prefix, days) for prefix in prefixes]
    ids = {rule["ID"] for rule in ours}
    others = [rule for rule in configuration["Rules"] if rule.get("ID") not in ids]
    missing = [
        rule for prefix, rule in zip(prefixes, ours, strict=True) if not any(_covers(each, prefix) for each in others)
    ]
    after = {**configuration, "Rules": [*others, *missing]}
    # S3's order of the rules means nothing.
    return configuration if is_like(configuration, after) else after


def covering_rules(configuration: Configuration, prefixes: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The rules that remove parts under one of these prefixes, as a person calls them, and after how many days."""
    for rule in configuration["Rules"]:
        if any(_covers(rule, prefix) for prefix in prefixes):
            called = f"the rule '{rule['ID']}'" if "ID" in rule else "a rule without an id"
            yield called, rule[_ABORT]["DaysAfterInitiation"]


def _rule(prefix: str, days: int) -> Rule:
    digest = hashlib.sha256(prefix.encode()).hexdigest()[:8]
    return {
        # An id has 255 characters, and a prefix may have more.
        "ID": f"{_OURS}-{digest}" if prefix else _OURS,
        "Filter": {"Prefix": prefix},
        "Status": "Enabled",
        _ABORT: {"DaysAfterInitiation": days},
    }


def _covers(rule: Rule, prefix: str) -> bool:
    """Whether a rule removes the parts under a prefix. Such a rule filters by no tag and no size: S3 takes none."""
    of_rule = rule.get("Filter", {}).get("Prefix", rule.get("Prefix", ""))
    return _ABORT in rule and rule["Status"] == "Enabled" and prefix.startswith(of_rule)
