"""The socket: HTTP/1.1 on the loopback interface, a thread for each connection, connections kept alive."""

from __future__ import annotations

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
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

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
        has_body = self.command != "HEAD" and reply.status not in {204, 304}
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name != "Content-Length":
                self.send_header(name, str(value))
        length = reply.headers.get("Content-Length") if self.command == "HEAD" else None
        if reply.status != 204:
            self.send_header("Content-Length", length or str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body:
            self.wfile.write(reply.body)

    def version_string(self) -> str:
        return "fleet"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's
        """Nothing: whoever wants to hear is told by `heard`."""
