"""Settings of buckets, and of the routes between them."""

from typing import Annotated, Literal

from pydantic import Field

from infra import naming
from infra.settings.section import Section, between, one_of
from shared.event_patterns import LARGEST_FILTER_SIZE

# S3 tells no limit; a hundred years are none.
_Days = Annotated[int, between(1, 36_500)]


class Bucket(Section):
    """A bucket to create, or (`existing`) to use as it is. A name that is None is CloudFormation's to choose.

    A new bucket encrypts with the KMS key, if there is one; of an existing one it says with which key it does. Likewise
    `request_metrics`: the id of a configuration of request metrics, which S3 takes money for.
    """

    name: naming.BucketName | None = None
    existing: bool = False
    account: naming.AccountId | None = None
    public_read: bool = False
    versioned: bool = False
    # Of a version, after a newer one or a delete marker took its place.
    noncurrent_days: _Days | None = None
    kms_key_arn: naming.KmsKeyArn | None = None
    request_metrics: naming.MetricsId | None = None


class AccessLogSettings(Section):
    """Where S3 writes down each request to the buckets that are created: a bucket made for it, or one that is there."""

    bucket_name: naming.BucketName | None = None
    existing: bool = False
    keep_days: _Days | None = None

    @property
    def are_on(self) -> bool:
        """Whether there are any."""
        return self.existing or self.keep_days is not None


_Bytes = Annotated[int, between(0, LARGEST_FILTER_SIZE)]
# Of a general purpose bucket ("CopyObject", S3 API reference).
_StorageClass = Annotated[
    str,
    one_of(
        *("STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"),
        "REDUCED_REDUNDANCY",
    ),
]


class RouteSettings(Section):
    """A route between two of `buckets`, named by their aliases. Its fields are those of `shared.routes.Route`."""

    source_bucket: naming.Text = Field(default="", validation_alias="from")
    destination_bucket: naming.Text = Field(default="", validation_alias="to")
    prefixes: naming.PartsOfKeys = ()
    suffixes: naming.PartsOfKeys = ()
    min_size: _Bytes | None = None
    max_size: _Bytes | None = None
    destination_prefix: naming.DestinationPrefix = ""
    deletes: bool = False
    versions: Annotated[Literal["newest", "every"], one_of("newest", "every")] = "newest"
    storage_class: _StorageClass | None = None
    website_redirects: bool = False
