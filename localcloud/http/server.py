"""The socket: HTTP/1.1 on the loopback interface, a thread for each connection, connections kept alive."""

from __future__ import annotations

import gzip
import io
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

from localcloud.http.bodies import read_body
from localcloud.http.errors import refusal
from localcloud.http.messages import Reply, Request
from localcloud.in_process_transport import AwsError

LOOPBACK = "127.0.0.1"
_HEARD_OUT_SECONDS = 5.0
# S3 gives a half-sent request up after some 20 seconds (observed); a slow one may go on at this rate.
# Source of the code: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (documented: RequestTimeout)
PATIENCE_SECONDS = 20.0
_SLOWEST_BYTES_A_SECOND = 10_000
_SENT_AS_IT_IS_BYTES = 3_000
_log = logging.getLogger(__name__)

Answer = Callable[[Request], Reply]
Heard = Callable[[Reply, float], object]


class HttpServer:
    """Serves *answer* on *port* (0: any free one) while its context is open; the port is taken at once.

    *heard* gets each reply and the seconds it took. *patience_seconds*: how long a request may take to come, from its
    first byte on; a long body gets more. Raises OSError when the port is somebody else's.
    """

    def __init__(
        self,
        answer: Answer,
        port: int = 0,
        heard: Heard = lambda *_: None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._server = _Server(answer, port, heard, patience_seconds)
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

    def __init__(self, answer: Answer, port: int, heard: Heard, patience_seconds: float) -> None:
        self.answer = answer
        self.heard = heard
        self.patience_seconds = patience_seconds
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


class _Coming(io.RawIOBase):
    """What comes over *connection*, while it comes before `until`; TimeoutError afterwards. None: whenever it likes."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until: float | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """As the parent."""
        left = None if self.until is None else self.until - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            came = self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(None)  # answers are sent without a limit
        if self.until is not None:
            self.until += came / _SLOWEST_BYTES_A_SECOND
        return came


class _Connection(BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]  made by no other
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """As the parent, with a limit to the time in which a request comes."""
        super().setup()
        self._coming = _Coming(self.connection)
        self.rfile = self._arriving = io.BufferedReader(self._coming)

    def handle_one_request(self) -> None:
        """As the parent. Between two requests a client may be silent for as long as it likes."""
        self._coming.until = None
        if self._arriving.peek(1):
            self._coming.until = time.monotonic() + self.server.patience_seconds
        super().handle_one_request()

    def _answer(self) -> None:
        began = time.monotonic()
        try:
            body = read_body(self.rfile, self.headers)
        except TimeoutError:
            self.close_connection = True
            late = AwsError(
                "RequestTimeout",
                "Your socket connection to the server was not read from or written to "
                "within the timeout period. Idle connections will be closed.",
            )
            reply = refusal(late, Request(self.command, self.path, self.headers, b""), "")
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
        headers = {"Server": self.version_string(), "Date": self.date_time_string(), **reply.headers}
        length, body = headers.pop("Content-Length", ""), reply.body
        is_json = headers.get("Content-Type", "").startswith("application/x-amz-json")
        if is_json and len(body) > _SENT_AS_IT_IS_BYTES and "gzip" in self.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"], body = "gzip", gzip.compress(body, 1)
        if reply.status != 204:
            headers["Content-Length"] = (self.command == "HEAD" and length) or str(len(body))
        if self.close_connection:
            headers["Connection"] = "close"
        reason = self.responses.get(reply.status, ("",))[0]
        lines = [f"{self.protocol_version} {reply.status} {reason}", *(f"{name}: {headers[name]}" for name in headers)]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head + body if has_body else head)

    def version_string(self) -> str:
        return "localcloud"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's
        """Nothing: `heard` gets each reply."""
