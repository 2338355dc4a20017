"""A server of a Unix socket, reached over IPv6: for tests of who asks sources."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def on_ipv6(path: str) -> Iterator[int]:
    """A port of ::1 behind which the server of the socket *path* answers."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def carry(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(path)
            asking = threading.Thread(target=pump, args=(client, server))
            asking.start()
            pump(server, client)
            asking.join()

    def serve() -> None:
        carrying: list[threading.Thread] = []
        with suppress(OSError):
            while True:
                carrying.append(threading.Thread(target=carry, args=(listening.accept()[0],)))
                carrying[-1].start()
        for one in carrying:
            one.join()

    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listening:
        serving = threading.Thread(target=serve)
        serving.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join()
