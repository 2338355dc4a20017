"""Reads the events of a MySQL or MariaDB server's binary log, as a replica asks for them.

Source: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_binlog_dump.html and
https://mariadb.com/kb/en/replication-protocol/ (read 2026-11-30). PyMySQL logs in; what it has no command for is said
over the socket that was given to it.

The library mysql-replication (1.0.17) was tried and left: it fails on latin1's byte 0x81, on MariaDB's uca1400
collations of other character sets and on its compressed columns, reads the year 0 as 1900 and an empty SET as NULL,
drops the zeros at the end of a BINARY, warns of PyMySQL's old names, and decodes a fiftieth of the rows in a second.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

import pymysql

from localcloud.dms.engines.mysql_catalogue import SOCKET_NAME, connect, plug
from localcloud.dms.engines.reader import Login

QUERY = 2
STOP = 3
ROTATE = 4
FORMAT_DESCRIPTION = 15
XID = 16
TABLE_MAP = 19
ROWS = {23: "I", 24: "U", 25: "D", 30: "I", 31: "U", 32: "D"}
ROWS_OF_VERSION_2 = frozenset((30, 31, 32))
PARTIAL_UPDATE = 39
XA_PREPARE = 38
COMPRESSED_TRANSACTION = 40
MARIADB_GTID = 162
COMPRESSED_QUERY = 165
COMPRESSED_ROWS = frozenset((166, 167, 168, 169, 170, 171))

_DUMP = struct.Struct("<BIHI").pack  # command, position, flags, server id
_END_AT_THE_END = 1
_COMMAND = 0x12
_NO_REPLICA = 0  # a server ends the dump of another replica of the same number; this is the number of none
_HEADER = struct.Struct("<xIBIIIH")  # of an answer, then: time, type, server, size, where the next one begins, flags
_HEADER_BYTES = _HEADER.size
_CHECKSUM_BYTES = 4
_LONGEST = 0xFFFFFF
_SECONDS = 3600  # a server that is kept from running for minutes is not given up


class LogPlace(NamedTuple):
    """*number*: of the log's file, the digits behind its name. *offset*: in the file."""

    number: int
    offset: int

    def position(self) -> int:
        """The place as one number.

        >>> LogPlace(1, 4).position() < LogPlace(1, 5).position() < LogPlace(2, 4).position()
        True
        """
        return self.number << 32 | self.offset

    @classmethod
    def of(cls, position: int) -> LogPlace:
        """The place that a number is of.

        >>> LogPlace.of(LogPlace(157832, 1975).position())
        LogPlace(number=157832, offset=1975)
        """
        return cls(position >> 32, position & 0xFFFFFFFF)


class LoggedEvent(NamedTuple):
    """*seconds*: when, since 1970. *end*: where the next event begins, 0 for one that is in no file. *data*: all of it
    behind the header, without a checksum."""

    kind: int
    seconds: int
    size: int
    end: int
    data: bytes


class Stream:
    """The events from *offset* of *file* on, to where the log ends."""

    def __init__(self, login: Login, file: str, offset: int) -> None:
        self._socket = _socket(login)
        try:
            self._connection = connect(login, self._socket)
            with self._connection.cursor() as cursor:
                cursor.execute("SET @master_binlog_checksum = @@global.binlog_checksum")  # that we know of checksums
                cursor.execute("SELECT @master_binlog_checksum")
                self._has_checksum = cursor.fetchone() not in ((None,), ("NONE",))
                cursor.execute("SET @mariadb_slave_capability = 4")  # or its events are made into others
            self._socket.settimeout(_SECONDS)
            self._answers = self._socket.makefile("rb", 1 << 18)
            asked = _DUMP(_COMMAND, offset, _END_AT_THE_END, _NO_REPLICA) + file.encode()
            self._socket.sendall(len(asked).to_bytes(4, "little") + asked)
        except BaseException:
            self._socket.close()
            raise

    def events(self) -> Iterator[LoggedEvent]:
        """The events. Raises pymysql's error with the server's words."""
        checksum_bytes = _CHECKSUM_BYTES if self._has_checksum else 0
        while True:
            data = self._answer()
            if data[0] == 0xFF:
                pymysql.err.raise_mysql_exception(data)
            if data[0] == 0xFE and len(data) < 9:
                return
            seconds, kind, _, size, end, _ = _HEADER.unpack_from(data)
            if kind == FORMAT_DESCRIPTION:  # the file's events may differ from what the server writes now
                checksum_bytes = _CHECKSUM_BYTES if data[-_CHECKSUM_BYTES - 1] else 0
            yield LoggedEvent(kind, seconds, size, end, data[_HEADER_BYTES : len(data) - checksum_bytes])

    def close(self) -> None:
        """Hang up: the server ends what it sends."""
        self._answers.close()
        self._connection.close()
        self._socket.close()

    def _answer(self) -> bytes:
        found = self._packet()
        if len(found) < _LONGEST:
            return found
        parts = [found]
        while len(parts[-1]) == _LONGEST:
            parts.append(self._packet())
        return b"".join(parts)

    def _packet(self) -> bytes:
        size = int.from_bytes(self._read(4)[:3], "little")
        return self._read(size)

    def _read(self, size: int) -> bytes:
        data = self._answers.read(size)
        if len(data) < size:
            raise pymysql.err.OperationalError(2013, "Lost connection to the server while its log was read")
        return data


def _socket(login: Login) -> socket.socket:
    if login.host.startswith("/"):
        return plug(f"{login.host}/{SOCKET_NAME}")
    return socket.create_connection((login.host, login.port), timeout=_SECONDS)


def rotated_to(data: bytes) -> tuple[str, int]:
    """The file that a rotate event names, and where to read on in it."""
    return data[8:].decode(), int.from_bytes(data[:8], "little")


def query_of(data: bytes) -> tuple[str, str]:
    """The default database and the text of a statement."""
    schema_size, settings_size = data[8], int.from_bytes(data[11:13], "little")
    at = 13 + settings_size
    return data[at : at + schema_size].decode(), data[at + schema_size + 1 :].decode(errors="replace")
