"""Bodies that come in pieces, over a real socket: HTTP's chunks, S3's, and both; and what comes cut short."""

from __future__ import annotations

import base64
import socket
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.http.server import LOOPBACK
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint, signed

BUCKET = "of-bodies"
ROWS = b"the rows of one table " * 5_000
CRC32 = base64.b64encode(zlib.crc32(ROWS).to_bytes(4, "big")).decode()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud"), BUCKET) as opened:
        yield opened


@pytest.fixture(scope="module")
def s3(endpoint: Endpoint) -> Any:
    return endpoint.client("s3")


def in_chunks(body: bytes, *, signature: str = "", trailers: str = "", size: int = 65_536) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)] + [b""]
    framed = [b"%x%s\r\n%s\r\n" % (len(piece), signature.encode(), piece) for piece in pieces[:-1]]
    return b"".join(framed) + b"0" + signature.encode() + b"\r\n" + trailers.encode() + b"\r\n"


def wrapped(kind: str, length: int = len(ROWS), **more: str) -> dict[str, str]:
    about = {
        "x-amz-content-sha256": kind,
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(length),
    }
    return signed("s3", **about, **more)


def test_a_body_with_a_trailer_arrives_without_its_wrapping(endpoint: Endpoint, s3: Any) -> None:
    body = in_chunks(ROWS, trailers=f"x-amz-checksum-crc32:{CRC32}\r\n")
    headers = wrapped("STREAMING-UNSIGNED-PAYLOAD-TRAILER", **{"x-amz-trailer": "x-amz-checksum-crc32"})
    assert endpoint.ask("PUT", f"/{BUCKET}/trailed", body, headers)[0] == 200
    found = s3.get_object(Bucket=BUCKET, Key="trailed", ChecksumMode="ENABLED")
    assert found["Body"].read() == ROWS
    assert found["ChecksumCRC32"] == CRC32
    assert "aws-chunked" not in found.get("ContentEncoding", "")


def test_a_body_of_signed_chunks_arrives_without_its_signatures(endpoint: Endpoint, s3: Any) -> None:
    body = in_chunks(ROWS, signature=";chunk-signature=" + "0" * 64)
    headers = wrapped("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    headers["Content-Encoding"] = "gzip,aws-chunked"
    assert endpoint.ask("PUT", f"/{BUCKET}/signed", body, headers)[0] == 200
    found = s3.get_object(Bucket=BUCKET, Key="signed")
    assert (found["Body"].read(), found["ContentEncoding"]) == (ROWS, "gzip")


def test_both_kinds_of_chunks_may_lie_in_each_other(endpoint: Endpoint, s3: Any) -> None:
    body = in_chunks(ROWS, trailers=f"x-amz-checksum-crc32:{CRC32}\r\n")
    pieces = [body[at : at + 10_000] for at in range(0, len(body), 10_000)]
    headers = wrapped("STREAMING-UNSIGNED-PAYLOAD-TRAILER", **{"Transfer-Encoding": "chunked"})
    answer = endpoint.ask("PUT", f"/{BUCKET}/both", iter(pieces), headers, encode_chunked=True)
    assert answer[0] == 200
    assert s3.get_object(Bucket=BUCKET, Key="both")["Body"].read() == ROWS


@pytest.mark.parametrize(
    ("body", "length"),
    [
        (in_chunks(ROWS), len(ROWS) + 1),
        (in_chunks(ROWS)[:-20], len(ROWS)),
        (b"rows", 4),
        (b"zz\r\nrows\r\n0\r\n\r\n", 4),
    ],
    ids=["too few", "cut short", "no chunk", "no size"],
)
def test_a_body_that_is_not_whole_is_no_object(endpoint: Endpoint, s3: Any, body: bytes, length: int) -> None:
    headers = wrapped("STREAMING-UNSIGNED-PAYLOAD-TRAILER", length)
    status, _, answer = endpoint.ask("PUT", f"/{BUCKET}/broken", body, headers)
    assert status == 400
    assert b"IncompleteBody" in answer
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="broken")


def test_a_client_that_waits_for_100_continue_gets_it_before_the_body(endpoint: Endpoint, s3: Any) -> None:
    lines = [f"PUT /{BUCKET}/asked HTTP/1.1", "Host: s3", "Content-Length: 4", "Expect: 100-continue"]
    lines += [f"{name}: {value}" for name, value in signed("s3").items()]
    with socket.create_connection((LOOPBACK, endpoint.server.port), timeout=30) as raw, raw.makefile("rb") as answer:
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert answer.readline() == b"\r\n"
        raw.sendall(b"rows")
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
    assert s3.get_object(Bucket=BUCKET, Key="asked")["Body"].read() == b"rows"


def test_a_client_that_leaves_in_the_middle_leaves_nothing(endpoint: Endpoint, s3: Any) -> None:
    head = f"PUT /{BUCKET}/left HTTP/1.1\r\nHost: s3\r\nContent-Length: 100\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in signed("s3").items())
    with socket.create_connection((LOOPBACK, endpoint.server.port), timeout=30) as raw:
        raw.sendall(head.encode() + b"\r\nrows")
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="left")


def test_a_length_that_is_no_number_ends_the_connection(endpoint: Endpoint) -> None:
    with socket.create_connection((LOOPBACK, endpoint.server.port), timeout=30) as raw, raw.makefile("rb") as answer:
        raw.sendall(b"PUT /x HTTP/1.1\r\nHost: s3\r\nContent-Length: -4\r\n\r\n")
        assert answer.read().startswith(b"HTTP/1.1 400")


def test_who_still_sends_when_the_connection_ends_gets_the_answer_whole(endpoint: Endpoint) -> None:
    with socket.create_connection((LOOPBACK, endpoint.server.port), timeout=30) as raw, raw.makefile("rb") as answer:
        raw.sendall(b"PUT /x HTTP/1.1\r\nHost: s3\r\nContent-Length: -4\r\n\r\n" + b"x" * 20_000_000)
        assert answer.read().startswith(b"HTTP/1.1 400")
