"""Functions of another process of ours, called by name over a connection. Several calls may be under way at once."""

from __future__ import annotations

import itertools
import pickle
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

Functions = Mapping[str, Callable[..., Any]]


class ProcessEndedError(Exception):
    """The process at the other end has ended, or was hung up on."""


class Peer:
    """The calling end. *name*: who is at the other end, for errors.

    Arguments, results and errors are pickled, so the other end must be trusted.
    """

    def __init__(self, name: str, connection: Connection) -> None:
        self._name = name
        self._connection = connection
        self._numbers = itertools.count()
        self._asked: dict[int, Future[Any]] = {}
        self._sending = threading.Lock()
        self._has_ended = False
        self._listening = threading.Thread(target=self._listen, name=name, daemon=True)
        self._listening.start()

    def ask(self, function: str, *args: Any) -> Future[Any]:
        """What the function will return or raise; ProcessEndedError if its process ends before."""
        future: Future[Any] = Future()
        number = next(self._numbers)
        self._asked[number] = future
        packed = _pack((number, function, args))
        try:
            with self._sending:
                self._connection.send_bytes(packed)
        except OSError:
            self._has_ended = True
        if self._has_ended:
            self._give_up()
        return future

    def call(self, function: str, *args: Any) -> Any:
        """What the function returns. Raises what it raises."""
        return self.ask(function, *args).result()

    def close(self) -> None:
        """Hang up: the server at the other end comes to an end."""
        hang_up(self._connection)
        self._listening.join()

    def _listen(self) -> None:
        while message := _received(self._connection):
            number, result, error = message
            if error is None:
                self._asked.pop(number).set_result(result)
            else:
                self._asked.pop(number).set_exception(error)
        self._has_ended = True
        self._give_up()

    def _give_up(self) -> None:
        for number in list(self._asked):
            if future := self._asked.pop(number, None):  # two threads may give up at once
                future.set_exception(ProcessEndedError(f"{self._name}: its process has ended."))


def serve(connection: Connection, functions: Functions, executor: Executor) -> None:
    """Answer the calls of a `Peer` in *executor*, until it hangs up or its process ends."""
    sending = threading.Lock()

    def carry_out(number: int, function: str, args: tuple[Any, ...]) -> None:
        packed = _pack((number, *_outcome(functions[function], args)))
        with sending, suppress(OSError):  # nobody may be there any more to hear it
            connection.send_bytes(packed)

    while message := _received(connection):
        executor.submit(carry_out, *message)


def call_alone(connection: Connection, function: str, *args: Any) -> Any:
    """What the function returns, of a process that serves *connection* by `serve_alone`; one call at a time."""
    connection.send_bytes(_pack((function, args)))
    result, error = pickle.loads(connection.recv_bytes())  # noqa: S301  from our own process
    if error is not None:
        raise error
    return result


def serve_alone(connection: Connection, functions: Functions) -> None:
    """Answer one call after the other on this thread, until the other end hangs up or ends. No thread has to wake
    another for an answer, as a `Peer`'s does.
    """
    while message := _received(connection):
        function, args = message
        with suppress(OSError):
            connection.send_bytes(_pack(_outcome(functions[function], args)))


def hang_up(connection: Connection) -> None:
    """End the connection for both ends. To close it would not wake a thread that listens."""
    with suppress(OSError), socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.shutdown(socket.SHUT_RDWR)


def _outcome(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    try:
        return function(*args), None
    except Exception as error:  # noqa: BLE001  it is raised at the other end
        error.add_note("In the other process:\n" + "".join(traceback.format_exception(error)))
        return None, error


def _pack(message: tuple[Any, ...]) -> bytes:
    return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)


def _received(connection: Connection) -> tuple[Any, ...] | None:
    try:
        return pickle.loads(connection.recv_bytes())  # noqa: S301  from our own process
    except (EOFError, OSError):
        return None
