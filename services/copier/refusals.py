"""Why S3 refuses an object, where its answer alone does not say: asked only after a refusal."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.copier.objects import Location
from services.copier.s3_parameters import Owners
from shared.aws import translated
from shared.errors import CopytrailError, Permanent, Reason

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Refusals:
    """Names the causes that S3 has no code for: a customer's own encryption key, a bucket whose requesters pay."""

    def __init__(self, s3: "S3Client", owners: Owners) -> None:
        self._s3 = s3
        self._owners = owners

    @contextmanager
    def explained(self, location: Location) -> Iterator[None]:
        """Raise a refusal to read this object under the reason that it has.

        Raises:
            Permanent: `EncryptedWithCustomerKey`, `RequesterPays`.
            CopytrailError: the refusal itself, when it has no such cause.
        """
        try:
            yield
        except CopytrailError as error:
            # HEAD answers without a body; GET says the same with one.
            told = self._refusal_to_get(location) if error.reason == "BadRequest" else error
            if told and "Server Side Encryption" in told.message:
                raise Permanent(
                    Reason.CUSTOMER_KEY,
                    f"{location.url} is encrypted with a key that its uploader keeps (SSE-C), so nobody else can read"
                    " it: upload it with another encryption",
                ) from error
            if error.reason == "AccessDenied" and self._requesters_pay(location):
                raise Permanent(
                    Reason.REQUESTER_PAYS,
                    f"{location.bucket} is a Requester Pays bucket, and copytrail agrees to no such charge: have its"
                    f" owner take that off, or copy from another bucket ({error.message})",
                ) from error
            raise

    def _refusal_to_get(self, location: Location) -> CopytrailError | None:
        try:
            with translated("s3:GetObject", location.url):
                self._s3.get_object(
                    Bucket=location.bucket, Key=location.key, Range="bytes=0-0", **self._owners.of(location)
                )["Body"].close()
        except CopytrailError as error:
            return error
        return None

    def _requesters_pay(self, location: Location) -> bool:
        try:
            with translated("s3:GetBucketRequestPayment", location.bucket):
                answer = self._s3.get_bucket_request_payment(Bucket=location.bucket, **self._owners.of(location))
        except CopytrailError:
            # Whoever may not ask this either does not learn of it.
            return False
        return answer.get("Payer") == "Requester"
