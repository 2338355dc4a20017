"""Sources in other encodings than UTF-8, texts that hold half a character, and sources on an IPv6 address."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pytds import tds_base, tds_types

from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Layout, Login, SourceTable, TableUnreadableError
from localcloud.dms.engines.sqlserver import SqlServerReader
from localcloud.dms.engines.tds_texts import let_driver_drop_halves
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.engines.documented_sqlserver import DocumentedServer
from localcloud.tests.ipv6 import on_ipv6


def login_of(postgres: EmbeddedPostgres, database: str, **more: Any) -> Login:
    secret = postgres.secret(database) | more
    return Login(secret["host"], secret["port"], database, secret["username"], secret["password"])


def rows_of(login: Login, table: str, folder: Path) -> list[dict[str, Any]]:
    source = PostgresqlReader().open(login)
    try:
        found: dict[str, SourceTable] = {one.name: one for one in source.catalogue()}
        files = source.write(found[table], Layout(lob_bytes=1024), None, folder / "out")
        return [row for file in files for row in pq.read_table(io.BytesIO(file.read())).to_pylist()]
    finally:
        source.close()


@pytest.fixture(scope="module")
def encoded(postgres: EmbeddedPostgres) -> EmbeddedPostgres:
    """A server with a database in LATIN1 and one without an encoding."""
    with postgres.connect(autocommit=True) as connection:
        for name, encoding in ((b"in_latin1", b"LATIN1"), (b"in_bytes", b"SQL_ASCII")):
            connection.execute(
                b"CREATE DATABASE %b TEMPLATE template0 ENCODING '%b' LOCALE_PROVIDER libc LOCALE 'C'"
                % (name, encoding)
            )
    with postgres.connect("in_latin1") as connection:
        connection.execute(b"SET client_encoding = 'UTF8'")
        connection.execute(
            """CREATE TABLE "café" AS SELECT 'straße'::varchar(20) AS "wörter", 'ü'::text AS t""".encode()
        )
    with postgres.connect("in_bytes") as connection:
        connection.execute("CREATE TABLE good AS SELECT 'straße'::varchar(20) AS w".encode())
        connection.execute(b"CREATE TABLE bad AS SELECT 'th\xe9'::varchar(20) AS w")
    return postgres


def test_a_database_in_latin1_arrives_as_it_is_read(encoded: EmbeddedPostgres, tmp_path: Path) -> None:
    assert rows_of(login_of(encoded, "in_latin1"), "café", tmp_path) == [{"wörter": "straße", "t": "ü"}]


def test_bytes_that_are_no_utf8_err_their_table_alone_in_the_servers_words(
    encoded: EmbeddedPostgres, tmp_path: Path
) -> None:
    login = login_of(encoded, "in_bytes")
    assert rows_of(login, "good", tmp_path) == [{"w": "straße"}]
    with pytest.raises(TableUnreadableError) as caught:
        rows_of(login, "bad", tmp_path / "bad")
    assert str(caught.value) == 'invalid byte sequence for encoding "UTF8": 0xe9'


def test_half_a_surrogate_pair_that_a_cut_left_is_dropped_and_errs_no_table(tmp_path: Path) -> None:
    columns = [
        ("dbo", "Texts", 0, "Id", "int", 4, 10, 0, False, 1),
        ("dbo", "Texts", 0, "Body", "nvarchar", -1, 0, 0, True, None),
    ]
    rows = [(1, "a" * 511 + "\ud83d"), (2, "a" * 512 + "\ud83d")]
    server = DocumentedServer({"FROM sys.objects": columns, "FROM [dbo].[Texts]": rows})
    source = SqlServerReader(server.connect).open(Login("sql.example.com", 1433, "Shop", "dms", "secret"))
    (table,) = source.catalogue()
    (file,) = source.write(table, Layout(lob_bytes=1024), None, tmp_path / "out")
    source.close()
    assert pq.read_table(io.BytesIO(file.read())).column("Body").to_pylist() == ["a" * 511, "a" * 512]


def test_the_driver_decodes_a_text_whose_last_pair_was_cut() -> None:
    let_driver_drop_halves()
    codec = tds_types.ucs2_codec
    whole = "a😀".encode("utf-16-le")
    cut = "a😀".encode("utf-16-le")[:4]
    assert codec.decode(cut)[0] == "a"
    assert "".join(tds_base.iterdecode([cut[:3], cut[3:]], codec)) == "a"
    assert "".join(tds_base.iterdecode([whole[:3], whole[3:5], whole[5:]], codec)) == "a😀"


def test_a_postgresql_on_an_ipv6_address_is_read(encoded: EmbeddedPostgres, tmp_path: Path) -> None:
    login = login_of(encoded, "in_latin1")
    with on_ipv6(f"{login.host}/.s.PGSQL.{login.port}") as port:
        there = login_of(encoded, "in_latin1", host="::1", port=port)
        PostgresqlReader().check(there)
        assert len(rows_of(there, "café", tmp_path)) == 1
