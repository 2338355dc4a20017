"""A port of this machine in front of a server that has a Unix socket alone, as a server of somebody else's has one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_ESTABLISHED = 1  # of Linux's states of a TCP connection; after the client's end it is another at once


@dataclass
class Traffic:
    """How many connections were open at *most* at once, and were *opened* in all."""

    most: int = 0
    opened: int = 0
    sockets: list[socket.socket] = field(default_factory=list)

    def add(self, near: socket.socket) -> None:
        """One more, beside those that their clients have not closed."""
        self.opened += 1
        self.sockets = [one for one in (*self.sockets, near) if _is_open(one)]
        self.most = max(self.most, len(self.sockets))


def _is_open(near: socket.socket) -> bool:
    with suppress(OSError):
        return near.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _ESTABLISHED
    return False


@contextmanager
def port_of(path: str, traffic: Traffic | None = None) -> Iterator[int]:
    """A port of 127.0.0.1 whose connections go to the socket at *path*, and are counted in *traffic*."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, path, traffic or Traffic()), daemon=True).start()
        yield listening.getsockname()[1]


def _accept(listening: socket.socket, path: str, traffic: Traffic) -> None:
    with suppress(OSError):  # the test has ended
        while True:
            near, _ = listening.accept()
            traffic.add(near)
            far = socket.socket(socket.AF_UNIX)
            far.connect(path)
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
