"""The server of the emulated AWS: one per process, empty at its start, on one connection, gone at its end."""

import contextlib
import logging
import socket
import threading
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localaws.preconditions import PortInUseError
from localaws.server import MotoServer
from tests.interception import intercept


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(PortInUseError, match=f"^port {port} is in use: .*another one$|^port {port} is in use"),
            MotoServer(port),
        ):
            pass

    with MotoServer() as server:
        assert server.port != port


def test_a_second_server_in_one_process_is_refused_and_the_first_goes_on(aws: Any) -> None:
    aws.make_source_and_destination()

    with pytest.raises(RuntimeError, match="already"), MotoServer():
        pass

    assert len(aws.s3.list_buckets()["Buckets"]) == 2


def _names_of_buckets(server: MotoServer, make: str | None = None) -> list[str]:
    session = boto3.Session("test", "test", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=server.endpoint_url)
    if make:
        s3.create_bucket(Bucket=make)
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.close()
    return names


def test_every_start_is_empty_even_on_the_same_port() -> None:
    with MotoServer() as server:
        port = server.port
        assert _names_of_buckets(server, make="bucket") == ["bucket"]
    with MotoServer(port) as server:
        assert _names_of_buckets(server) == []


def test_many_requests_share_one_connection(aws: Any) -> None:
    before = threading.active_count()
    aws.make_source_and_destination()

    for n in range(5):
        aws.s3.put_object(Bucket="source", Key=str(n), Body=b"body")
        aws.s3.head_object(Bucket="source", Key=str(n))
    aws.s3.delete_object(Bucket="source", Key="0")

    assert threading.active_count() - before == 1


def test_stopping_ends_polls_and_connections_and_leaves_no_thread() -> None:
    before = threading.active_count()
    polling = threading.Event()
    session = boto3.Session("test", "test", region_name="us-east-1")
    with MotoServer() as server:
        config = Config(retries={"total_max_attempts": 1})
        sqs = session.client("sqs", endpoint_url=server.endpoint_url, config=config)
        queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
        intercept(server, lambda _: polling.set())

        def receive() -> None:
            # The queue is gone when the server stops before the poll has begun.
            with contextlib.suppress(ClientError, BotoCoreError):
                sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)

        poll = threading.Thread(target=receive)
        poll.start()
        polling.wait()
    served = threading.active_count() - before - poll.is_alive()

    poll.join(timeout=10)
    sqs.close()
    assert served == 0
    assert not poll.is_alive()


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_a_body_of_any_size_arrives_in_one_piece_or_in_chunks(aws: Any, size: int) -> None:
    aws.make_source_and_destination()
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    url = aws.s3.generate_presigned_url("put_object", Params={"Bucket": "source", "Key": "chunked"})
    address = url.removeprefix("http://").partition("/")
    host, port = address[0].split(":")

    aws.s3.put_object(Bucket="source", Key="whole", Body=body)
    with socket.create_connection((host, int(port))) as connection:
        head = f"PUT /{address[2]} HTTP/1.1\r\nHost: {address[0]}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        chunk = f"{size:x}\r\n".encode() + body + b"\r\n" if size else b""
        connection.sendall(head + chunk + b"0\r\n\r\n")
        status = connection.recv(4096).split(b"\r\n")[0]

    assert status == b"HTTP/1.1 200 OK"
    for key in ("whole", "chunked"):
        assert aws.s3.get_object(Bucket="source", Key=key)["Body"].read() == body


def test_a_body_that_breaks_off_is_no_object(aws: Any) -> None:
    aws.make_source_and_destination()
    url = aws.s3.generate_presigned_url("put_object", Params={"Bucket": "source", "Key": "half"})
    address, _, path = url.removeprefix("http://").partition("/")
    host, port = address.split(":")

    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"PUT /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 10\r\n\r\nhalf".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)

    assert answer == b""
    assert "Contents" not in aws.s3.list_objects_v2(Bucket="source")


@pytest.mark.parametrize(("level", "in_full"), [(logging.WARNING, False), (logging.DEBUG, True)])
def test_a_defect_of_moto_is_one_line_unless_more_is_asked_for(
    aws: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, level: int, in_full: bool
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("a defect")

    monkeypatch.setattr("moto.sqs.models.SQSBackend.list_queues", broken)
    with caplog.at_level(level, "localaws"), pytest.raises(ClientError, match="500"):
        aws.sqs.list_queues()
    [logged] = [record for record in caplog.records if record.name == "localaws.server"]
    assert logged.getMessage() == "the emulated AWS failed at POST /: LookupError: a defect"
    assert bool(logged.exc_info) is in_full
