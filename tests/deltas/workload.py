"""A random workload on a PostgreSQL database that does deltas: what applications do to it between deltas.

Everything follows from the seed: which tables, which statements, in which transactions.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg

KEYS = {
    "accounts": ("id",),
    "order_lines": ("order_id", "line"),
    "codes": ("code",),
    "documents": ("id",),
    "tiny": ("id",),
}
"""The tables that take deltas, with their keys."""
SCHEMA = """
CREATE TABLE accounts (
  id bigint PRIMARY KEY, name varchar(30), balance numeric(12, 2), seen timestamp, is_open boolean
);
CREATE TABLE order_lines (
  order_id integer, line smallint, sku varchar(8), quantity integer, price double precision,
  PRIMARY KEY (order_id, line)
);
CREATE TABLE codes (code varchar(12) PRIMARY KEY, body bytea, day date, amount numeric(30, 10));
CREATE TABLE documents (id uuid PRIMARY KEY, content jsonb, words text, at time, tags text[]);
CREATE TABLE tiny (id integer PRIMARY KEY, what text);
CREATE TABLE events (at timestamp, what text);
CREATE VIEW open_accounts AS SELECT id, balance FROM accounts WHERE is_open;
INSERT INTO accounts SELECT n, 'name ' || n, n * 1.25, timestamp '2026-01-01' + n * interval '1 minute', n % 3 = 0
  FROM generate_series(1, {rows}) n;
INSERT INTO order_lines SELECT n / 4, n % 4, 'sku' || n % 97, n % 9, n / 7.0 FROM generate_series(1, {rows}) n;
INSERT INTO codes SELECT 'c' || n, decode(md5(n::text), 'hex'), date '2026-01-01' + n % 400, n / 3.0
  FROM generate_series(1, {rows} / 2) n;
INSERT INTO documents
  SELECT md5(n::text)::uuid, jsonb_build_object('n', n), repeat('w', n % 50), time '10:00', ARRAY['a']
  FROM generate_series(1, {rows} / 4) n;
INSERT INTO events SELECT timestamp '2026-01-01', 'event ' || n FROM generate_series(1, 20) n;
"""


class Workload:
    """Changes to one database. *connect*: opens a connection of an application. *most*: rows that one statement takes,
    about. *counts*: of changed rows, by what was done."""

    def __init__(self, seed: int, connect: Callable[[], psycopg.Connection[Any]], most: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._connect = connect
        self._most = most
        self._next = 10_000_000
        self._added: set[str] = set()
        self._open: psycopg.Connection[Any] | None = None
        self.counts: Counter[str] = Counter()
        self.unsafe: set[str] = set()

    def run(self, changes: int) -> None:
        """About so many changes, in transactions of one statement to many."""
        until = self.counts.total() + changes
        while self.counts.total() < until:
            with self._connect() as connection:
                for _ in range(self._random.choice((1, 1, 2, 5))):
                    self._statement(connection)
                if self._random.random() < 0.1:
                    connection.rollback()

    def begin_long(self) -> None:
        """Open a transaction, write in it, and leave it open."""
        if self._open is None:
            self._open = self._connect()
            self._next += 1
            self._open.execute("INSERT INTO tiny VALUES (%s, 'long')", [self._next])
            self._open.execute("UPDATE codes SET amount = amount + 1 WHERE code = 'c1'")
            self.counts["long"] += 2

    def end_long(self) -> None:
        """Commit it, where there is one."""
        if self._open is not None:
            self._open.execute("UPDATE tiny SET what = 'long, at its end' WHERE id = %s", [self._next])
            self._open.commit()
            self._open.close()
            self._open = None

    def change_schema(self) -> str:
        """One change of a table's shape; the table."""
        number = len(self._added)
        name = f"extra_{number}"
        self._added.add(name)
        table, statements = self._random.choice(
            (
                ("accounts", [f"ALTER TABLE accounts ADD COLUMN {name} integer", f"UPDATE accounts SET {name} = 7"]),
                ("accounts", [f"ALTER TABLE accounts ADD COLUMN {name}_wide numeric(20, {number})"]),
                ("tiny", ["TRUNCATE tiny", "INSERT INTO tiny VALUES (1, 'anew')"]),
                ("codes", [f"ALTER TABLE codes ADD COLUMN {name} date DEFAULT date '2026-05-05'"]),
            )
        )
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return table

    def _statement(self, connection: Any) -> None:
        few = self._random.randint(1, self._most)
        kind = self._random.choice(("insert", "update", "delete", "move", "replace", "burst", "note"))
        statements = self._statements(kind, few)
        self._next += few
        for statement in statements if kind in {"burst", "replace"} else [self._random.choice(statements)]:
            done = connection.execute(statement.encode())
            self.counts[kind] += max(0, done.rowcount)

    def _statements(self, kind: str, few: int) -> list[str]:
        """Statements of that *kind*: all of a burst or a replacement, else one of them is chosen."""
        draw = self._random
        part = f"{draw.randint(2, 60)} = {draw.randint(0, 1)}"
        numbers = self._numbers(self._next + 1, self._next + few)
        match kind:
            case "insert":
                return [
                    f"INSERT INTO accounts (id, name, balance, seen, is_open) "
                    f"SELECT n, {self._text('new ', 'n')}, n % 100, timestamp '2026-02-02 00:00:00', true "
                    f"FROM {numbers}",
                    f"INSERT INTO order_lines SELECT n, 1, 'new', n % 7, n / 3.0 FROM {numbers}",
                    *self._more_inserts(numbers),
                ]
            case "update":
                return [
                    f"UPDATE accounts SET balance = balance + 1.01, is_open = NOT is_open WHERE id % {part}",
                    f"UPDATE order_lines SET price = price * 1.5, quantity = NULL WHERE order_id % {part}",
                    f"UPDATE codes SET body = NULL, amount = amount + 2 WHERE ascii(right(code, 1)) % {part}",
                    f"UPDATE documents SET words = {self._text('!', 'words')} WHERE length(words) % {part}",
                    f"UPDATE tiny SET what = {self._text('.', 'what')} WHERE length(what) < 30",
                ]
            case "delete":
                return [
                    f"DELETE FROM accounts WHERE id % {part} AND id > {draw.randint(0, self._next)}",
                    f"DELETE FROM order_lines WHERE line = {draw.randint(0, 3)} AND order_id % {part}",
                    f"DELETE FROM codes WHERE ascii(right(code, 1)) % {part} AND code > 'c{draw.randint(1, 9)}'",
                ]
            case "move":
                return [
                    f"UPDATE accounts SET id = id + 1000000000 WHERE id % {part} AND id < 1000000000",
                    f"UPDATE order_lines SET line = line + 10 WHERE order_id % {part} AND line < 10",
                    f"UPDATE codes SET code = {self._text('m', 'code')} "
                    f"WHERE length(code) < 8 AND ascii(right(code, 1)) % {part}",
                ]
            case "replace":
                numbers = self._numbers(1, 1 + few % 20)
                return ["DELETE FROM tiny", f"INSERT INTO tiny SELECT n, 'replaced' FROM {numbers}"]
            case "burst":
                first = "(SELECT id FROM (SELECT min(id) AS id FROM accounts) AS first_one)"
                return [
                    f"UPDATE accounts SET balance = {number} WHERE id = {first}"
                    for number in range(draw.randint(1, 20))
                ]
            case _:
                return ["INSERT INTO events VALUES (timestamp '2026-03-03 00:00:00', 'noted')"]

    def _numbers(self, first: int, last: int) -> str:
        return f"generate_series({first}, {last}) AS numbers(n)"

    def _text(self, before: str, column: str) -> str:
        return f"'{before}' || {column}"

    def _more_inserts(self, numbers: str) -> list[str]:
        return [
            f"INSERT INTO documents SELECT md5(n::text)::uuid, NULL, 'new', NULL, ARRAY['x', NULL] FROM {numbers}",
        ]


MARIADB = """
CREATE TABLE accounts (
  id bigint PRIMARY KEY, name varchar(30), balance decimal(12, 2), seen datetime, is_open tinyint(1)
);
CREATE TABLE order_lines (
  order_id int, line smallint, sku varchar(8), quantity int, price double, PRIMARY KEY (order_id, line)
);
CREATE TABLE codes (code varchar(12) COLLATE utf8mb4_bin PRIMARY KEY, body blob, day date, amount decimal(30, 10));
CREATE TABLE documents (id varchar(36) PRIMARY KEY, words mediumtext);
CREATE TABLE tiny (id int PRIMARY KEY, what varchar(60));
CREATE TABLE events (at datetime, what varchar(30));
INSERT INTO accounts SELECT seq, CONCAT('name ', seq), seq * 1.25, '2026-01-01', seq % 3 = 0 FROM seq_1_to_{rows};
INSERT INTO order_lines SELECT seq DIV 4, seq % 4, CONCAT('sku', seq % 97), seq % 9, seq / 7.0 FROM seq_1_to_{rows};
INSERT INTO codes SELECT CONCAT('c', seq), UNHEX(MD5(seq)), '2026-05-05', seq / 3.0 FROM seq_1_to_{rows};
INSERT INTO documents SELECT MD5(seq), REPEAT('w', seq % 50) FROM seq_1_to_{rows};
INSERT INTO events VALUES ('2026-01-01', 'event');
CREATE TABLE fleet_mark (id int PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader@localhost
"""


class MariadbWorkload(Workload):
    """The same on MariaDB."""

    def _numbers(self, first: int, last: int) -> str:
        return f"(SELECT seq AS n FROM seq_{first}_to_{last}) AS numbers"

    def _text(self, before: str, column: str) -> str:
        return f"CONCAT('{before}', {column})"

    def _more_inserts(self, numbers: str) -> list[str]:
        return [f"INSERT INTO documents SELECT MD5(n), 'new' FROM {numbers}"]
