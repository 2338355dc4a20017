"""A small server that speaks TDS 7.4: prelogin, TLS inside of it, login, and canned answers to batches.

Source: Microsoft's open specification MS-TDS, "Packet Data Stream Tokens" and "Prelogin". It is no SQL Server.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

BATCH, ANSWER, ATTENTION, LOGIN, PRELOGIN = 1, 4, 6, 16, 18
_ENCRYPTS, _CANNOT_ENCRYPT = 1, 2
Answer = int | tuple[int, int, str] | None
"""To one batch: a number, or an error's number, severity and words; None: nothing, until the client gives up."""
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
            answer = self._server.answer(query) if re.match("SELECT", query) else 0
            if isinstance(answer, int):
                self._send((_row(answer) if re.match("SELECT", query) else b"") + _done(0x10, answer))
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
        packet = struct.pack(">BBHHBB", kind, 1, len(body) + 8, 0, 1, 0) + body
        if self._tls is None:
            self._client.sendall(packet)
            return
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


def _row(value: int) -> bytes:
    """One row of one nullable bigint without a name."""
    return b"\x81" + struct.pack("<HLHBB", 1, 0, 1, 0x26, 8) + _short("") + b"\xd1\x08" + struct.pack("<q", value)


def _done(status: int, rows: int = 0) -> bytes:
    return b"\xfd" + struct.pack("<HHQ", status, 0, rows)
