"""Somebody's own servers and command line: a shop on PostgreSQL and a CRM on MariaDB, on ports of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from cli.main import main
from forks import Forks, forking
from forwarder import port_of
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres

SHOP = """
CREATE TABLE customers (id integer PRIMARY KEY, name text, since date);
INSERT INTO customers VALUES (1, 'Ada', '2024-02-29'), (2, 'Bo', NULL);
CREATE TABLE orders (id integer PRIMARY KEY, customer integer REFERENCES customers, amount numeric(10, 2));
INSERT INTO orders SELECT n, 1 + n % 2, n * 1.25 FROM generate_series(1, 5000) n;
CREATE VIEW revenue AS SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;
CREATE TABLE clicks AS SELECT n AS id, md5(n::text) AS page FROM generate_series(1, 20000) n;
ANALYZE
"""
CRM = (
    "CREATE TABLE contacts (id int PRIMARY KEY, name varchar(40), called datetime)",
    "INSERT INTO contacts VALUES (1, 'Ada', '2026-01-02 03:04:05'), (2, 'Bo', NULL)",
    "ANALYZE TABLE contacts",
)
Said = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Stranger:
    """Somebody's servers: the URLs of their databases, and a command line of theirs in a *folder* of their own."""

    folder: Path
    shop: str
    crm: str
    capsys: pytest.CaptureFixture[str]
    forks: Forks

    def ask(self, *words: str) -> Said:
        """What `fleet` says to these words in this process, which a command that runs nothing may share."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = self.capsys.readouterr()
        return Said(words, int(ended.value.code or 0), said.out, said.err)

    def type_in(self, *words: str, **variables: str) -> Said:
        """What `fleet` says to these words, as a program."""
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config"), "COLUMNS": "118", **variables}
        said = self.forks.say({"words": words, "environment": environment, "folder": str(self.folder)})
        return Said(words, said["code"], said["out"], said["err"])

    @property
    def secrets(self) -> Path:
        """The file of logins, where nobody names another."""
        return self.folder / "config" / "fleet" / "secrets.json"


@pytest.fixture(scope="module")
def servers(postgres: EmbeddedPostgres, mariadb: EmbeddedMariadb) -> Iterator[tuple[str, str]]:
    """The URLs of a shop on PostgreSQL and a CRM on MariaDB, on ports of this machine."""
    postgres.create_database("shop")
    mariadb.create_database("crm")
    with postgres.connect("shop") as connection:
        connection.execute(SHOP.encode())
    with mariadb.connect("crm") as connection, connection.cursor() as cursor:
        for statement in CRM:
            cursor.execute(statement)
        connection.commit()
    shop, crm = postgres.secret("shop"), mariadb.secret()
    with (
        port_of(f"{postgres.host}/.s.PGSQL.{shop['port']}") as shop_port,
        port_of(f"{mariadb.host}/mysqld.sock") as crm_port,
    ):
        yield (
            f"postgresql://{shop['username']}:{quote(shop['password'], safe='')}@localhost:{shop_port}/shop",
            f"mariadb://{crm['username']}:{quote(crm['password'], safe='')}@localhost:{crm_port}/crm",
        )
    postgres.drop_database("shop")


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    """Where the stranger's programs come from."""
    with forking("local.cloud") as process:
        yield process


@pytest.fixture
def stranger(
    servers: tuple[str, str],
    forks: Forks,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Stranger:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Stranger(tmp_path, *servers, capsys, forks)
