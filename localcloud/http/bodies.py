"""Bodies that come in pieces: HTTP's own chunks, and the signed or trailed ones of S3's uploads within them."""

from __future__ import annotations

from email.message import Message
from io import BufferedIOBase

from localcloud.in_process_transport import AwsError

_LONGEST_LINE = 65_536
# What one PUT may bring. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html (documented)
_LARGEST_BYTES = 5 * 1024**3
_CHECKSUM = "x-amz-checksum-"


def read_body(stream: BufferedIOBase, headers: Message) -> bytes:
    """The request's body off the connection.

    Raises:
        AwsError: Its length is unknown or too much, or it ended early.
    """
    if "chunked" in str(headers.get("Transfer-Encoding", "")).lower():
        body = _read_chunks(stream)
        while stream.readline(_LONGEST_LINE).strip():  # HTTP's own trailers; nobody sends any
            pass
        return body
    length = str(headers.get("Content-Length") or "0")
    if not length.isascii() or not length.isdigit():
        raise AwsError("InvalidRequest", f"Content-Length is {length!r}, wanted a number")
    if len(length) > len(str(_LARGEST_BYTES)) or int(length) > _LARGEST_BYTES:
        raise AwsError("EntityTooLarge", f"Content-Length is {length[:40]}, at most {_LARGEST_BYTES} bytes are taken")
    body = stream.read(int(length))
    if len(body) < int(length):
        raise _incomplete(f"{len(body)} of {length} bytes came")
    return body


def unwrap_aws_chunks(body: bytes, headers: Message) -> bytes:
    """The object within a body that is `aws-chunked`; the trailers become headers, the wrapping's own ones go.

    Signatures of chunks are not checked. Source:
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html (documented)
    """
    if not str(headers.get("x-amz-content-sha256", "")).startswith("STREAMING-"):
        return body
    content, rest = _split_chunks(body)
    wanted = str(headers.get("x-amz-decoded-content-length") or len(content))
    if str(len(content)) != wanted:
        raise _incomplete(f"{len(content)} bytes came, X-Amz-Decoded-Content-Length says {wanted}")
    for line in rest.decode("latin-1").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon and name.lower() != "x-amz-trailer-signature":
            _put(headers, name, value.strip())
            if name.lower().startswith(_CHECKSUM):  # S3 needs no more than the trailer; moto also its algorithm's name
                _put(headers, "x-amz-sdk-checksum-algorithm", name[len(_CHECKSUM) :].upper())
    encodings = [one.strip() for one in str(headers.get("Content-Encoding", "")).split(",")]
    kept = ",".join(one for one in encodings if one and one != "aws-chunked")
    for name in ("Content-Encoding", "Transfer-Encoding", "x-amz-decoded-content-length", "x-amz-trailer"):
        del headers[name]
    if kept:
        _put(headers, "Content-Encoding", kept)
    _put(headers, "x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    _put(headers, "Content-Length", str(len(content)))
    return content


def _put(headers: Message, name: str, value: str) -> None:
    del headers[name]
    headers[name] = value


def _read_chunks(stream: BufferedIOBase) -> bytes:
    pieces = []
    while size := _size(stream.readline(_LONGEST_LINE)):
        piece = stream.read(size)
        if len(piece) < size or stream.readline(_LONGEST_LINE) != b"\r\n":
            raise _incomplete(f"a chunk of {size} bytes did not come whole")
        pieces.append(piece)
    return b"".join(pieces)


def _split_chunks(body: bytes) -> tuple[bytes, bytes]:
    """The content of a body of chunks, and what follows the last one."""
    pieces, at = [], 0
    while True:
        end = body.find(b"\r\n", at)
        if end < 0:
            raise _incomplete("the last chunk is missing")
        size, at = _size(body[at:end]), end + 2
        if not size:
            return b"".join(pieces), body[at:]
        if body[at + size : at + size + 2] != b"\r\n":
            raise _incomplete(f"a chunk of {size} bytes did not come whole")
        pieces.append(body[at : at + size])
        at += size + 2


def _size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    try:
        return int(digits, 16)
    except ValueError:
        raise _incomplete(f"a chunk begins with {digits[:20]!r}, wanted its size") from None


def _incomplete(what: str) -> AwsError:
    return AwsError("IncompleteBody", f"The request body terminated unexpectedly: {what}")
