"""S3's answers: listings, and HEAD of an object."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from html import escape

from benchmarks.endpoint.http import Answer, Request
from benchmarks.endpoint.listing import Listing, Page

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_MOST_KEYS = 1000
_FIELDS = re.compile(rb"<LastModified>(.*)</LastModified><ETag>&quot;(.*)&quot;</ETag>.*<Size>(.*)</Size>")


class S3:
    """Buckets by their names; an address is `/bucket/key`."""

    def __init__(self, buckets: Mapping[str, Listing]) -> None:
        self._buckets = buckets

    def answer(self, request: Request) -> Answer:
        """The answer to a request; what no command asks is not implemented."""
        name, _, key = request.path.removeprefix("/").partition("/")
        listing = self._buckets.get(name)
        if listing is None:
            return _error(404, "NoSuchBucket", f"no bucket {name}")
        if key:
            return _head(listing, key) if request.method == "HEAD" else _unknown(request)
        if request.method == "HEAD":
            return Answer()
        if "location" in request.query:
            return Answer(f"{_XML}<LocationConstraint {_NAMESPACE}/>".encode())
        if request.query.get("list-type") == "2":
            return _list(name, listing, request.query)
        return _unknown(request)


def _list(name: str, listing: Listing, query: Mapping[str, str]) -> Answer:
    token = query.get("continuation-token")
    limit = min(int(query.get("max-keys", _MOST_KEYS)), _MOST_KEYS)
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    page = listing.page(
        prefix=prefix.encode(),
        after=urlsafe_b64decode(token) if token else query.get("start-after", "").encode(),
        delimiter=delimiter.encode(),
        limit=limit,
    )
    head = (
        f"{_XML}<ListBucketResult {_NAMESPACE}><Name>{name}</Name><Prefix>{escape(prefix)}</Prefix>"
        f"<KeyCount>{page.count}</KeyCount><MaxKeys>{limit}</MaxKeys>"
        f"<IsTruncated>{'false' if page.after is None else 'true'}</IsTruncated>"
        + "".join(f"<{tag}>{escape(query[name])}</{tag}>" for name, tag in _ECHOED.items() if name in query)
    )
    return Answer(b"".join([head.encode(), page.contents, _tail(page)]))


# Keys of the data set need no URL-encoding: the encoding is only named.
_ECHOED = {"delimiter": "Delimiter", "encoding-type": "EncodingType", "start-after": "StartAfter"}


def _tail(page: Page) -> bytes:
    parts = [b"<CommonPrefixes><Prefix>%b</Prefix></CommonPrefixes>" % prefix for prefix in page.common_prefixes]
    if page.after is not None:
        parts.append(b"<NextContinuationToken>%b</NextContinuationToken>" % urlsafe_b64encode(page.after))
    return b"".join([*parts, b"</ListBucketResult>"])


def _head(listing: Listing, key: str) -> Answer:
    found = listing.find(key.encode())
    fields = _FIELDS.search(found) if found else None
    if fields is None:
        return Answer(status=404)
    modified, etag, size = (text.decode() for text in fields.groups())
    headers = {
        "Last-Modified": format_datetime(datetime.fromisoformat(modified), usegmt=True),
        "ETag": f'"{etag}"',
        "Content-Length": size,
    }
    return Answer(headers=headers, content_type="application/pdf")


def _unknown(request: Request) -> Answer:
    return _error(501, "NotImplemented", f"{request.method} {request.path} {dict(request.query)}")


def _error(status: int, code: str, message: str) -> Answer:
    body = f"{_XML}<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Answer(body.encode(), status=status)
