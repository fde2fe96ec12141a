"""Owns S3's errors that moto has no class for."""

from moto.s3.exceptions import S3ClientError

GIB = 1024**3


class S3RefusedError(S3ClientError):
    """An error that S3 answers with, by its code; the status comes from the service's own model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


def access_denied() -> S3RefusedError:
    """403: the bucket belongs to another account than the request expects."""
    return S3RefusedError("AccessDenied", "Access Denied")


def invalid_request(message: str) -> S3RefusedError:
    """400."""
    return S3RefusedError("InvalidRequest", message)
