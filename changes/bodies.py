"""A body of bytes as a stream, plain or gzip, of which little is held at a time."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO, Protocol, cast

from changes.unreadable import BrokenFileError

_GZIP = b"\x1f\x8b"
_BUFFER_BYTES = 64 * 1024


class Body(Protocol):
    """What S3's GetObject answers with, an open file, or anything else that reads on."""

    def read(self, size: int, /) -> bytes:
        """At most *size* bytes; none at the end."""
        ...


class _Stream(io.RawIOBase):
    """*body* as Python's own streams are."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        into = memoryview(cast(bytearray, buffer))
        found = self._body.read(len(into))
        into[: len(found)] = found
        return len(found)


class PlainBody:
    """*body* without its compression, which its first bytes show: DMS's names do not always.

    Source: https://www.rfc-editor.org/rfc/rfc1952 2.3.1 (the first two bytes of gzip).
    """

    def __init__(self, source: str, body: Body) -> None:
        self._source = source
        stream = io.BufferedReader(_Stream(body), _BUFFER_BYTES)
        is_gzip = stream.peek(len(_GZIP))[: len(_GZIP)] == _GZIP
        self._stream: BinaryIO = cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if is_gzip else stream

    def read(self, size: int, /) -> bytes:
        """At most *size* bytes; none at the end.

        Raises:
            BrokenFileError: What is compressed is cut or damaged.
        """
        try:
            return self._stream.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BrokenFileError(self._source, f"it cannot be read as gzip: {error}") from error
