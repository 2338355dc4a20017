"""The socket: HTTP/1.1 on the loopback interface, a thread for each connection, connections kept alive."""

from __future__ import annotations

import gzip
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self

from local.http.bodies import read_body
from local.http.errors import refusal
from local.http.messages import Reply, Request
from local.wire import AwsError

LOOPBACK = "127.0.0.1"
_HEARD_OUT_SECONDS = 5.0
_SENT_AS_IT_IS_BYTES = 3_000
_log = logging.getLogger(__name__)

Answer = Callable[[Request], Reply]
Heard = Callable[[Reply, float], object]


class HttpServer:
    """Serves *answer* on *port* (0: any free one) while its context is open; the port is taken at once.

    *heard* gets each reply and the seconds it took. Raises OSError when the port is somebody else's.
    """

    def __init__(self, answer: Answer, port: int = 0, heard: Heard = lambda *_: None) -> None:
        self._server = _Server(answer, port, heard)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="http")

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_address[1]

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL is to be."""
        return f"http://{LOOPBACK}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more, finish what is being answered, end every connection. Idempotent."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.end_connections()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for what is being answered
    request_queue_size = 128

    def __init__(self, answer: Answer, port: int, heard: Heard) -> None:
        self.answer = answer
        self.heard = heard
        self._open: set[Any] = set()
        self._lock = threading.Lock()
        super().__init__((LOOPBACK, port), _Connection)

    def server_bind(self) -> None:
        """As TCP's: HTTP's own looks the host's name up, which may take seconds."""
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Say that no more comes, then hear the client out: closing over what it still sends would reset the
        connection, and take an answer under way with it.

        Source: https://www.rfc-editor.org/rfc/rfc9112#section-9.6 (documented)
        """
        until = time.monotonic() + _HEARD_OUT_SECONDS
        with suppress(OSError):  # its client has gone, or is silent
            request.shutdown(socket.SHUT_WR)
            request.settimeout(_HEARD_OUT_SECONDS)
            while request.recv(65_536) and time.monotonic() < until:
                pass
        with self._lock:
            self._open.discard(request)
        self.close_request(request)

    def end_connections(self) -> None:
        """Let no connection send anything more; answers under way still go out."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):  # its client has gone
                    connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the parent's
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may go whenever it likes
            _log.exception("a connection broke")


class _Connection(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  made by no other
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        began = time.monotonic()
        try:
            body = read_body(self.rfile, self.headers)
        except AwsError as error:
            self.close_connection = True  # where the next request begins is unknown
            reply = refusal(error, Request(self.command, self.path, self.headers, b""), "")
        else:
            reply = self.server.answer(Request(self.command, self.path, self.headers, body))
        self.server.heard(reply, time.monotonic() - began)
        self._write(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815

    def _write(self, reply: Reply) -> None:
        """Send head and body in one piece.

        AWS's SDK for Go closes the body of its request once it has our head. When that is before its writer has seen
        the body's end, it gives the connection up, and what did not come with the head is lost: it asks again for what
        is done already. Source: smithy-go's safeWriteToReadCloser; aws-sdk-go-v2 issue 2737 (observed). It reads 4,096
        bytes with the head: a longer answer, as CreateReplicationTask's, is compressed for it, since it asks for that.
        """
        has_body = self.command != "HEAD" and reply.status not in {204, 304}
        told = {"Server": self.version_string(), "Date": self.date_time_string(), **reply.headers}
        length, body = told.pop("Content-Length", ""), reply.body
        is_json = told.get("Content-Type", "").startswith("application/x-amz-json")
        if is_json and len(body) > _SENT_AS_IT_IS_BYTES and "gzip" in self.headers.get("Accept-Encoding", ""):
            told["Content-Encoding"], body = "gzip", gzip.compress(body, 1)
        if reply.status != 204:
            told["Content-Length"] = (self.command == "HEAD" and length) or str(len(body))
        if self.close_connection:
            told["Connection"] = "close"
        reason = self.responses.get(reply.status, ("",))[0]
        lines = [f"{self.protocol_version} {reply.status} {reason}", *(f"{name}: {told[name]}" for name in told)]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head + body if has_body else head)

    def version_string(self) -> str:
        return "fleet"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's
        """Nothing: whoever wants to hear is told by `heard`."""
