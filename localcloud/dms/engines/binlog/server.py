"""Queries to a server whose binary log is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pymysql

from localcloud.dms.engines.binlog.stream import LogPlace
from localcloud.dms.engines.changes import LogLostError
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.mysql_catalogue import connect
from localcloud.dms.engines.reader import Login, SourceUnreachableError


class Server:
    """A connection that queries go over. Raises SourceUnreachableError."""

    def __init__(self, login: Login) -> None:
        try:
            self._connection = connect(login)
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error
        self._cursor = self._connection.cursor()
        self._status = "SHOW MASTER STATUS"

    def rows(self, query: str, *arguments: str) -> Sequence[Sequence[Any]]:
        """What the server answers."""
        try:
            self._cursor.execute(query, arguments or None)
            return self._cursor.fetchall()
        except pymysql.err.ProgrammingError:
            raise
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error

    def end(self) -> LogPlace:
        """Where the log ends. Raises LogLostError."""
        try:
            found = self.rows(self._status)
        except pymysql.err.ProgrammingError:  # MySQL 8.4 has another word
            self._status = "SHOW BINARY LOG STATUS"
            found = self.rows(self._status)
        if not found:
            raise LogLostError("the source keeps no binary log")
        return LogPlace(file_number(found[0][0]), int(found[0][1]))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def file_number(file: str) -> int:
    """The number that a log's file has in its name.

    >>> file_number("mysql-bin.000012")
    12
    """
    return int(file.rpartition(".")[2])
