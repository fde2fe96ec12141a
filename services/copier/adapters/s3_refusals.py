"""Why S3 refuses an object, where its answer alone does not say: asked only after a refusal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.copier.adapters.s3_parameters import BucketOwners, given
from services.copier.model import Location
from shared.errors import AccessDeniedError, CopytrailError, PermanentError, Reason
from shared.lambda_runtime.aws import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Refusals:
    """Names the causes that S3 has no code for: a customer's own encryption key, a bucket whose requesters pay."""

    def __init__(self, s3: "S3Client", owners: BucketOwners) -> None:
        self._s3 = s3
        self._owners = owners

    @contextmanager
    def explained(self, location: Location, version_id: str | None = None) -> Iterator[None]:
        """Raise a refusal to read this object, or this version of it, under the reason that it has.

        Raises:
            PermanentError: `EncryptedWithCustomerKey`.
            AccessDeniedError: `RequesterPays`.
            CopytrailError: the refusal itself, when it has no such cause.
        """
        try:
            yield
        except CopytrailError as error:
            # HEAD answers without a body; GET says the same with one.
            told = self._refusal_to_get(location, version_id) if error.reason == "BadRequest" else error
            if told and _is_of_customer_key(told):
                raise PermanentError(
                    Reason.CUSTOMER_KEY,
                    f"{location.url} is encrypted with a key that its uploader keeps (SSE-C), so nobody else can read"
                    " it: upload it with another encryption",
                ) from error
            if error.reason == "AccessDenied" and self._is_for_who_pays(location, version_id):
                raise AccessDeniedError(
                    Reason.REQUESTER_PAYS,
                    f"{location.bucket} is a Requester Pays bucket, and copytrail agrees to no such charge: have its"
                    f" owner take that off, or copy from another bucket ({error.message})",
                ) from error
            raise

    def _refusal_to_get(self, location: Location, version_id: str | None) -> CopytrailError | None:
        try:
            with translated("s3:GetObject", location.url):
                self._s3.get_object(
                    Bucket=location.bucket,
                    Key=location.key,
                    Range="bytes=0-0",
                    **given(VersionId=version_id),
                    **self._owners.of(location),
                )["Body"].close()
        except CopytrailError as error:
            return error
        return None

    def _is_for_who_pays(self, location: Location, version_id: str | None) -> bool:
        # Of a copy, S3 may have refused the other end.
        if not self._requesters_pay(location):
            return False
        refusal = self._refusal_to_get(location, version_id)
        return refusal is not None and refusal.reason == "AccessDenied"

    def _requesters_pay(self, location: Location) -> bool:
        try:
            with translated("s3:GetBucketRequestPayment", location.bucket):
                answer = self._s3.get_bucket_request_payment(Bucket=location.bucket, **self._owners.of(location))
        except CopytrailError:
            # Whoever may not ask this either does not learn of it.
            return False
        return answer.get("Payer") == "Requester"


def _is_of_customer_key(error: CopytrailError) -> bool:
    """Whether S3 says so itself: the error's own message names the key, too, which may say anything."""
    cause = error.__cause__
    if error.reason != "InvalidRequest" or not isinstance(cause, ClientError):
        return False
    return "stored using a form of Server Side Encryption" in cause.response["Error"].get("Message", "")
