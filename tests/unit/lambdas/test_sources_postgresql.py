"""How a PostgreSQL source is connected to, and what an error of the driver says of it."""

from __future__ import annotations

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from pg8000.exceptions import DatabaseError, Error, InterfaceError

from fleet.databases import SslMode
from lambdas.sources.postgresql import ask_catalogue, describe_failure


def hang_up() -> None:
    raise BrokenPipeError(32, "Broken pipe")


def say_goodbye() -> None:
    try:
        hang_up()
    except OSError as error:
        raise InterfaceError("network error") from error


def refuse_and_hang_up(words: str) -> None:
    """As pg8000 meets it: the server refuses and hangs up, and saying goodbye to it then fails as well."""
    refusal = DatabaseError({"S": "FATAL", "C": "28P01", "M": words})
    try:
        raise refusal
    except DatabaseError:
        say_goodbye()


def test_a_refusal_is_told_in_the_servers_words_though_the_connection_then_broke() -> None:
    with pytest.raises(InterfaceError) as caught:
        refuse_and_hang_up('password authentication failed for user "dms"')
    failure = describe_failure(caught.value)
    assert failure.failure_class == "credentials"
    assert failure.text == 'the source did not answer: password authentication failed for user "dms"'


@pytest.mark.parametrize(
    ("error", "failure_class", "words"),
    [
        (DatabaseError({"M": 'password authentication failed for user "dms"'}), "credentials", "password auth"),
        (DatabaseError({"M": "permission denied for table orders"}), "credentials", "permission denied"),
        (DatabaseError({"M": "terminating connection due to administrator command"}), "connection", "terminating"),
        (DatabaseError({"M": 'database "nyc" is not currently accepting connections'}), "connection", "accepting"),
        (DatabaseError({"M": "sorry, too many clients already"}), "connection", "too many clients"),
        (DatabaseError({"M": "something new"}), "unknown", "something new"),
        (InterfaceError("network error"), "connection", "network error"),
        (ConnectionRefusedError(111, "Connection refused"), "connection", "Connection refused"),
        (TimeoutError("timed out"), "connection", "timed out"),
    ],
)
def test_each_error_has_a_class_and_keeps_its_words(error: Exception, failure_class: str, words: str) -> None:
    failure = describe_failure(error)
    assert (failure.failure_class, failure.name) == (failure_class, "SourceNotAnswering")
    assert words in failure.text


@pytest.mark.parametrize("mode", get_args(SslMode))
def test_a_server_that_cannot_encrypt_is_told_no_user_and_no_password_unless_the_mode_is_none(mode: SslMode) -> None:
    def refuse_encryption() -> int:
        """What the client asks for first: an SSLRequest (PostgreSQL's manual, 54.7), or to log in at once."""
        with server.accept()[0] as client:
            code = struct.unpack("!ii", client.recv(8))[1]
            client.sendall(b"N")
            rest = client.recv(1024)
        return 0 if b"someone" in rest else code

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as beside:
        asked = beside.submit(refuse_encryption)
        secret = {"host": "127.0.0.1", "port": server.getsockname()[1], "username": "someone", "password": "secret"}
        with pytest.raises((Error, OSError)):
            ask_catalogue(secret, "shop", ["public"], mode)
        assert asked.result() == (0 if mode == "none" else 80877103)
