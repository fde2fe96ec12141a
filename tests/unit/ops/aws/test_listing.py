"""Listing a bucket: every object once, in order, however its keys lie, and read as botocore would."""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote_plus
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.aws.list_pages import Listed, Page
from ops.aws.listing import KeyRanges, guesses, list_objects
from shared.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Lists = Callable[..., Generator[Listed, None, None]]

BUCKET = "devops-public-5607"
PAGE_SIZE = 3

# Numbers are what a listing is parted at; few characters make many keys that begin alike, some of them hard to write.
numbers = st.integers(0, 999).map(lambda number: f"{number:03}")
odd = st.text(st.sampled_from("019af/-z ~%+é\u202e\U0001f600\U0010ffff"), min_size=1, max_size=6)
keys = st.one_of(numbers, numbers, st.builds("{}{}".format, odd, numbers), odd)
prefixes = st.text(st.sampled_from("01a/"), max_size=2)


def listed(key: str) -> Listed:
    return Listed(key, len(key), "e", "2026-11-01T00:00:00.000Z", "STANDARD")


class Bucket:
    """Pages of a few sorted keys. `asked`: how many were asked for."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = sorted(names)
        self._lock = threading.Lock()
        self.asked = 0

    def after(self, prefix: str, start_after: str) -> Page:
        with self._lock:
            self.asked += 1
        found = [name for name in self._names if name.startswith(prefix) and name > start_after]
        return Page([listed(name) for name in found[:PAGE_SIZE]], len(found) <= PAGE_SIZE)


def all_of(bucket: Bucket, within: Sequence[str] = ("",), start_after: str = "", workers: int = 4) -> list[str]:
    with ThreadPoolExecutor(workers) as executor:
        ranges = KeyRanges(bucket.after, executor, within, start_after, workers=workers)
        return [found.key for page in ranges for found in page]


@settings(deadline=None)
@given(
    names=st.sets(keys, max_size=150),
    within=st.lists(prefixes, max_size=3),
    start_after=st.one_of(st.just(""), keys),
    workers=st.integers(1, 6),
)
def test_every_key_comes_once_and_in_order(names: set[str], within: list[str], start_after: str, workers: int) -> None:
    expected = sorted(name for name in names if name > start_after and name.startswith(tuple(within)))
    assert all_of(Bucket(sorted(names)), within, start_after, workers) == expected


def test_the_order_is_that_of_utf_8() -> None:
    names = ["\uffff", "\U00010000", "z", "é"]
    assert sorted(names) == sorted(names, key=str.encode) == all_of(Bucket(names))


@pytest.mark.parametrize(
    "names",
    [
        [f"img{number:06}.png" for number in range(1000)],
        [f"data/part-{number // 50:04}/object-{number:07}.bin" for number in range(1000)],
        [f"{number * 2654435761 % 2**32:08x}" for number in range(1000)],
    ],
    ids=["numbers", "folders", "hashes"],
)
def test_far_pages_are_asked_for_before_the_near_ones_are_used(names: list[str]) -> None:
    bucket = Bucket(names)
    with ThreadPoolExecutor(4) as executor:
        pages = iter(KeyRanges(bucket.after, executor, ("",), "", workers=4))
        for _ in range(3):
            next(pages)
    # One page after the other, only these three and the next would have been.
    assert bucket.asked > 4
    assert all_of(bucket) == sorted(names)


def test_few_requests_are_for_nothing() -> None:
    bucket = Bucket([f"img{number:06}.png" for number in range(2000)])
    all_of(bucket)
    assert bucket.asked < 2 * 2000 / PAGE_SIZE


@settings(deadline=None)
@given(st.lists(keys, min_size=1, max_size=30, unique=True), st.text(max_size=2))
def test_guesses_lie_after_the_page_and_in_order(names: list[str], before: str) -> None:
    page = [listed(name) for name in sorted(name for name in names if name > before)]
    if page:
        guessed = list(guesses(before, page, floor=0))
        assert guessed == sorted(guessed)
        assert all(guess > page[-1].key for guess in guessed)


def test_no_more_pages_wait_than_each_worker_may_have() -> None:
    bucket = Bucket([f"{number:05}" for number in range(3000)])
    with ThreadPoolExecutor(2) as executor:
        pages = iter(KeyRanges(bucket.after, executor, ("",), "", workers=2))
        for used in range(1, 200):
            next(pages)
            assert bucket.asked < 3 * used + 40


def test_an_error_of_s3_reaches_who_iterates() -> None:
    def refuse(*_: str) -> Page:
        raise TransientError("SlowDown", "reduce your request rate")

    with ThreadPoolExecutor(2) as executor, pytest.raises(TransientError):
        list(KeyRanges(refuse, executor, ("a", "b"), "", workers=2))


class Answers:
    """S3's answers to ListObjectsV2, one after the other, without a network."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.status = 200
        self.asked: list[str] = []

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        assert request.url
        self.asked.append(request.url)
        return AWSResponse(request.url, self.status, HTTPHeaders(), Body(self.bodies.pop(0)))


Scene = tuple["S3Client", Answers]


class Body:
    """What urllib3 would have read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


@pytest.fixture(scope="module")
def s3() -> Iterator[Scene]:
    """A client, and what answers it."""
    client = boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )
    answers = Answers()
    client.meta.events.register("before-send.s3.ListObjectsV2", answers)  # type: ignore[arg-type]  # may answer
    with closing(client):
        yield client, answers


@pytest.fixture
def listing(s3: Scene) -> Lists:
    """A listing of these bodies."""

    def of(*bodies: bytes, status: int = 200) -> Generator[Listed, None, None]:
        client, answers = s3
        answers.bodies, answers.status, answers.asked = list(bodies), status, []
        return list_objects(client, BUCKET, workers=1)

    return of


def page(*objects: str, is_last: bool = True, token: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{BUCKET}</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys>"
        f"<EncodingType>url</EncodingType><IsTruncated>{str(not is_last).lower()}</IsTruncated>"
        + (f"<NextContinuationToken>{token}</NextContinuationToken>" if token else "")
        + "".join(objects)
        + "</ListBucketResult>"
    ).encode()


def written(key: str, *, extra: str = "", etag: str = "&quot;d41d8cd98f00b204e9800998ecf8427e-2&quot;") -> str:
    return (
        f"<Contents><Key>{escape(quote_plus(key, safe='/'))}</Key>"
        f"<LastModified>2026-11-23T02:24:57.000Z</LastModified><ETag>{etag}</ETag>"
        "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        f"<Size>26</Size>{extra}<StorageClass>STANDARD_IA</StorageClass></Contents>"
    )


@pytest.mark.parametrize(
    "extra",
    [
        "",
        # What S3 may write, and the fast way does not read: botocore reads the whole page.
        "<Owner><DisplayName>me</DisplayName><ID>75aa</ID></Owner>",
        "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus>",
    ],
)
@pytest.mark.parametrize("key", ["plain", "100%25 sure", "a+b c", "ä\u202e\n\x01", "folder/", "<&>\"'", "%"])
def test_a_page_is_read_as_botocore_reads_it(listing: Lists, key: str, extra: str) -> None:
    objects = listing(page(written("a"), written(key, extra=extra)))
    assert list(objects)[1] == Listed(
        key, 26, "d41d8cd98f00b204e9800998ecf8427e-2", "2026-11-23T02:24:57.000Z", "STANDARD_IA"
    )


@pytest.mark.parametrize("extra", ["", "<Owner><ID>75aa</ID></Owner>"])
@pytest.mark.parametrize("key", ["\x01", "a\x1f+%2B", "\ufffe", "\x1b[2J"])
def test_a_page_is_read_whatever_was_asked_for_and_comes_back_unencoded(listing: Lists, key: str, extra: str) -> None:
    echo = f"<Prefix>{key}</Prefix><StartAfter>{key}a</StartAfter></ListBucketResult>".encode()
    bodies = [body.replace(b"</ListBucketResult>", echo) for body in (page(written(f"{key}b", extra=extra)), page())]
    assert [[found.key for found in listing(body)] for body in bodies] == [[f"{key}b"], []]


@pytest.mark.parametrize("etag", ["&quot;abc&quot;", "&#34;abc&#34;", '"abc"', "abc"])
def test_an_etag_is_given_without_quotes(listing: Lists, etag: str) -> None:
    objects = listing(page(written("a", etag=etag)))
    assert [found.etag for found in objects] == ["abc"]


def test_an_empty_bucket_is_empty(listing: Lists) -> None:
    objects = listing(page())
    assert list(objects) == []


def test_an_empty_page_that_is_not_the_last_is_followed(listing: Lists, s3: Scene) -> None:
    objects = listing(page(is_last=False, token="further"), page(written("z")))
    assert [found.key for found in objects] == ["z"]
    assert "continuation-token=further" in s3[1].asked[1]


def test_the_next_page_begins_after_the_last_key_as_it_is(listing: Lists, s3: Scene) -> None:
    objects = listing(page(written("a +%"), is_last=False), page())
    assert [found.key for found in objects] == ["a +%"]
    _, _, after = s3[1].asked[1].partition("start-after=")
    assert unquote_plus(after.partition("&")[0]) == "a +%"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", PermanentError),
        (404, b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>", PermanentError),
        (503, b"<Error><Code>SlowDown</Code><Message>later</Message></Error>", TransientError),
        (200, b'<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>no</Message></Error>', TransientError),
        (200, page(written("a"))[:-30], TransientError),
    ],
    ids=["denied", "no bucket", "slow down", "an error in a 200", "half a page"],
)
def test_a_refusal_is_an_error_of_ours(listing: Lists, status: int, body: bytes, expected: type[Exception]) -> None:
    objects = listing(body, status=status)
    with closing(objects), pytest.raises(expected):
        next(objects)


def test_botocore_is_spared_the_objects(listing: Lists, s3: Scene) -> None:
    client, _ = s3
    bodies: list[bytes] = []
    # As botocore's own handler does, which reads the whole body.
    client.meta.events.register_first(
        "before-parse.s3.*", lambda response_dict, **_: bodies.append(response_dict["body"])
    )
    assert [found.key for found in listing(page(written("a"), written("b")))] == ["a", "b"]
    assert bodies == [page()]
