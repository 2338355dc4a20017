"""A small server that speaks TDS 7.4: prelogin, TLS inside of it, login, and canned answers to batches.

Source: Microsoft's open specification MS-TDS, "Packet Data Stream Tokens" and "Prelogin". It is no SQL Server.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

BATCH, ANSWER, ATTENTION, LOGIN, PRELOGIN = 1, 4, 6, 16, 18
_ENCRYPTS, _CANNOT_ENCRYPT = 1, 2
_PACKET_BYTES = 4_088  # with the header 4,096, which the driver counts on in all packets but the last
_COLLATION = bytes.fromhex("0904d00034")  # SQL_Latin1_General_CP1_CI_AS
Row = Sequence[str | int | None]
Answer = int | list[Row] | tuple[int, int, str] | None
"""To one batch: a number, rows, or an error's number, severity and words; None: nothing, until the client gives up."""
Refusal = tuple[int, str]
"""An error of a login: number and words. A server may say several."""


@dataclass
class TdsServer:
    """*answer*: to each batch that selects. *refuses*: the login, with these errors. *asked*: every batch. *cancelled*:
    how many batches the client gave up in good order."""

    port: int
    answer: Callable[[str], Answer]
    refuses: tuple[Refusal, ...]
    asked: list[str] = field(default_factory=list)
    logins: int = 0
    cancelled: int = 0


@contextmanager
def serve_tds(
    folder: Path,
    certificate: tuple[str, str] | None = None,
    answer: Callable[[str], Answer] = lambda _: 0,
    refuses: tuple[Refusal, ...] = (),
    host: str = "127.0.0.1",
) -> Iterator[TdsServer]:
    """A server on a port of *host*, which encrypts with *certificate* and its key if there are any."""
    context = None
    if certificate:
        file = folder / "server.pem"
        file.write_text("".join(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        server = TdsServer(listening.getsockname()[1], answer, refuses)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    threading.Thread(target=_serve, args=(server, client, context), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)


def _serve(server: TdsServer, client: socket.socket, context: ssl.SSLContext | None) -> None:
    with client, suppress(OSError, EOFError):
        _Conversation(server, client).go_on(context)


class _Conversation:
    def __init__(self, server: TdsServer, client: socket.socket) -> None:
        self._server = server
        self._client = client
        self._tls: ssl.SSLObject | None = None
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()

    def go_on(self, context: ssl.SSLContext | None) -> None:
        self._receive()
        flag = bytes([_ENCRYPTS if context else _CANNOT_ENCRYPT])
        options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 255)
        self._send(options + struct.pack(">LH", 0x10000000, 0) + flag)
        if context:
            self._shake_hands(context)
        self._receive()  # the login
        self._server.logins += 1
        if self._server.refuses:
            self._send(b"".join(_error(number, 14, words) for number, words in self._server.refuses) + _done(2))
            return
        self._send(_login_accepted() + _done(0))
        while True:
            kind, body = self._receive()
            if kind == ATTENTION:
                self._server.cancelled += 1
                self._send(_done(0x20))
                continue
            (headers,) = struct.unpack_from("<L", body)
            query = body[headers:].decode("utf-16-le")
            self._server.asked.append(query)
            if not re.match(r"\s*SELECT", query):
                self._send(_done(0x10))
                continue
            answer = self._server.answer(query)
            if isinstance(answer, int):
                answer = [(answer,)]
            if isinstance(answer, list):
                self._send(_rows(answer) + _done(0x10, len(answer)))
            elif answer is not None:
                self._send(_error(*answer) + _done(2))

    def _shake_hands(self, context: ssl.SSLContext) -> None:
        tls = context.wrap_bio(self._coming, self._going, server_side=True)
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                if flight := self._going.read():
                    self._send(flight, PRELOGIN)
                self._coming.write(self._receive()[1])
            else:
                if flight := self._going.read():
                    self._send(flight, PRELOGIN)
                self._tls = tls
                return

    def _receive(self) -> tuple[int, bytes]:
        """A message's type and body, of as many packets as it has."""
        body = b""
        while True:
            kind, status, length = struct.unpack(">BBH4x", self._read(8))
            body += self._read(length - 8)
            if status & 1:
                return kind, body

    def _send(self, body: bytes, kind: int = ANSWER) -> None:
        """In as many packets as it takes; the last has status 1."""
        for start in range(0, len(body), _PACKET_BYTES):
            part, is_last = body[start : start + _PACKET_BYTES], start + _PACKET_BYTES >= len(body)
            packet = struct.pack(">BBHHBB", kind, is_last, len(part) + 8, 0, 1, 0) + part
            if self._tls is None:
                self._client.sendall(packet)
                continue
            self._tls.write(packet)
            self._client.sendall(self._going.read())

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            found += self._read_some(size - len(found))
        return found

    def _read_some(self, size: int) -> bytes:
        while self._tls is not None:
            try:
                return self._tls.read(size)
            except ssl.SSLWantReadError:
                self._coming.write(self._from_network(65_536))
        return self._from_network(size)

    def _from_network(self, size: int) -> bytes:
        if not (found := self._client.recv(size)):
            raise EOFError
        return found


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


def _error(number: int, severity: int, words: str) -> bytes:
    content = struct.pack("<LBBH", number, 1, severity, len(words)) + words.encode("utf-16-le")
    content += _short("server") + _short("") + struct.pack("<L", 1)
    return b"\xaa" + struct.pack("<H", len(content)) + content


def _login_accepted() -> bytes:
    content = b"\x01" + struct.pack(">L", 0x74000004) + _short("a test") + b"\x10\x00\x00\x00"
    return b"\xad" + struct.pack("<H", len(content)) + content


def _rows(rows: Sequence[Row]) -> bytes:
    """Nullable columns without names: nvarchar where a row has a text there, else bigint. No row: one column."""
    columns = list(zip(*rows, strict=True)) or [()]
    is_text = [any(isinstance(value, str) for value in column) for column in columns]
    metadata = b"".join(
        struct.pack("<LH", 0, 1)
        + (struct.pack("<BH5s", 0xE7, 8_000, _COLLATION) if text else struct.pack("<BB", 0x26, 8))
        + _short("")
        for text in is_text
    )
    values = b"".join(
        b"\xd1" + b"".join(_value(value, is_text=text) for value, text in zip(row, is_text, strict=True))
        for row in rows
    )
    return b"\x81" + struct.pack("<H", len(columns)) + metadata + values


def _value(value: str | int | None, *, is_text: bool) -> bytes:
    if value is None:
        return b"\xff\xff" if is_text else b"\x00"
    if isinstance(value, str):
        return struct.pack("<H", 2 * len(value)) + value.encode("utf-16-le")
    return b"\x08" + struct.pack("<q", value)


def _done(status: int, rows: int = 0) -> bytes:
    return b"\xfd" + struct.pack("<HHQ", status, 0, rows)
