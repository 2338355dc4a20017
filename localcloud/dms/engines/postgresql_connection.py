"""How DMS connects to PostgreSQL."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import make_conninfo

from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.reader import Login, SourceUnreachableError

_CONNECT_SECONDS = 10
# Values are as text what they are to a driver of ODBC's, whatever the database's own settings say. Source:
# https://odbc.postgresql.org/docs/ (DateStyle is ISO); that DMS sets the rest is assumed.
_SESSION = "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c extra_float_digits=2 -c bytea_output=hex"


def conninfo(login: Login) -> str:
    return make_conninfo(
        host=login.host,
        port=login.port,
        dbname=login.database,
        user=login.username,
        password=login.password,
        options=_SESSION,
        sslmode="disable" if login.ssl_mode == "none" else login.ssl_mode,
        client_encoding="UTF8",  # DMS asks for it, whatever the database holds (assumed)
        connect_timeout=_CONNECT_SECONDS,
        application_name="dms",
    )


def connect(login: Login) -> psycopg.Connection:
    try:
        return psycopg.connect(conninfo(login))
    except psycopg.Error as error:
        raise SourceUnreachableError(words_of(error)) from error
