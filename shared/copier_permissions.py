"""What the copier may do in S3, for its role and for the policy of a bucket in another account.

What it may do elsewhere is in `infra.permissions`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from shared.routes import Route

# In IAM these stand for something else, unless they are written as policy variables.
_LITERALS = str.maketrans({"*": "${*}", "?": "${?}", "$": "${$}"})


class S3Resource(NamedTuple):
    """Objects of a bucket, by their keys as an IAM policy writes them; None: the bucket itself."""

    bucket: str
    keys: str | None = None


class Grant(NamedTuple):
    """Actions in some places, and what they are for, in letters and digits only."""

    purpose: str
    actions: tuple[str, ...]
    places: tuple[S3Resource, ...]


def copier_grants(routes: Sequence[Route]) -> Iterator[Grant]:
    """All that the copier does in S3 along these routes; a grant without a place is left out.

    Source: "Required Amazon S3 permissions" of CopyObject, DeleteObject and of multipart upload, S3 user guide.
    """
    sources = [
        S3Resource(route.source_bucket, _beginning_with(prefix))
        for route in routes
        for prefix in route.prefixes or ("",)
    ]
    ends = [S3Resource(bucket) for route in routes for bucket in (route.source_bucket, route.destination_bucket)]
    deleting = [route for route in routes if route.deletes]
    for purpose, actions, places in (
        (
            "ReadsObjects",
            ("s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"),
            sources,
        ),
        (
            "WritesObjects",
            (
                # GetObject: HEAD, and the condition that the destination is still what was read.
                *("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts"),
                *("s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
            ),
            [_written(route) for route in routes],
        ),
        # Without a version id, a deletion leaves a marker.
        ("MarksDeletions", ("s3:DeleteObject",), [_written(route) for route in deleting]),
        ("SeesVersioning", ("s3:GetBucketVersioning",), [S3Resource(route.destination_bucket) for route in deleting]),
        # It makes S3 say 404, not 403, of a missing key.
        ("ListsBuckets", ("s3:ListBucket",), ends),
        # Of a refusal, it tells whether the reason is that nobody agreed to pay.
        ("SeesWhoPays", ("s3:GetBucketRequestPayment",), ends),
        (
            "ListsVersions",
            ("s3:ListBucketVersions",),
            [S3Resource(route.source_bucket) for route in routes if route.versions == "every"],
        ),
    ):
        if places:
            yield Grant(purpose, actions, tuple(dict.fromkeys(places)))


def _written(route: Route) -> S3Resource:
    return S3Resource(route.destination_bucket, _beginning_with(route.destination_prefix))


def _beginning_with(prefix: str) -> str:
    return f"{prefix.translate(_LITERALS)}*"
