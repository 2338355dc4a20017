"""How fast changes are captured and applied on this machine, beside the limits of both.

    python -m bench.delta_rates --changes 300000

Capture: rows a second from PostgreSQL's log to Parquet, beside the same log read and decoded row by row in Python, and
thrown away. Apply: the whole request of a delta in Snowflake's stand-in, with its COPY and guards, beside a MERGE alone
in DuckDB of the same changes from memory into the same columns; both keep the last change of each key. Exits 1 when
capture is below half of its limit, or apply takes more than twice as long as the MERGE.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from bench.figures import Figure, print_figures
from fleet.attempts import Attempt
from fleet.databases import SnowflakeSettings
from fleet.deltas.change_sql import ChangeBatch, change_statements, position_order
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse import qualified, setup_statements
from fleet.warehouse_columns import table_columns
from lambdas.clients.snowflake import Succeeded
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import captures_of

sys.path.append(str(Path(__file__).parents[1] / "tests" / "contract" / "snowflake"))
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

SCHEMA = (
    "CREATE TABLE m (id bigint PRIMARY KEY, name text, amount numeric(18, 4), at timestamptz, day date, flag boolean, "
    "note varchar(40), part integer, weight double precision)"
)
_SIZE = struct.Struct(">i").unpack_from
_ROWS = {73, 85, 68}  # insert, update, delete
_MERGE = """
MERGE INTO m USING (
  SELECT * FROM (
    SELECT id, name, amount, _fleet_database, _fleet_at, _file, _row, "Op" = 'D' AS is_gone, 2 AS a, {order} AS p,
      _fleet_sequence AS s FROM c
    UNION ALL
    SELECT _fleet_before_id, name, amount, _fleet_database, _fleet_at, _file, _row, true, 2, {order},
      _fleet_sequence FROM c WHERE "Op" = 'U' AND _fleet_before_id <> id
  ) QUALIFY row_number() OVER (PARTITION BY id ORDER BY a DESC, p DESC, s DESC) = 1
) AS c ON m.id = c.id
WHEN MATCHED AND is_gone THEN DELETE
WHEN MATCHED THEN UPDATE SET name = c.name, amount = c.amount, _fleet_database = c._fleet_database,
  _fleet_at = c._fleet_at, _file = c._file, _row = c._row
WHEN NOT MATCHED AND NOT is_gone THEN INSERT
  VALUES (c.id, c.name, c.amount, c._fleet_database, c._fleet_at, c._file, c._row)
""".format(order=position_order("postgresql", "_fleet_position"))
_FORMAT = "FILE_FORMAT = (FORMAT_NAME = '\"FLEET\".OPS.DMS_PARQUET') MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"
_PEEK = (
    "SELECT lsn, data FROM pg_logical_slot_peek_binary_changes(%s, NULL, NULL, 'proto_version', '1', "
    "'publication_names', 'local_dms')"
)


def main() -> int:
    """Measure both; 0 if neither falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=300_000)
    changes: int = parser.parse_args().changes
    with tempfile.TemporaryDirectory(prefix="delta-rates-") as folder:
        Path(folder).chmod(0o755)
        figures = [*_capture(Path(folder), changes), *_apply(changes)]
    return print_figures(figures)


def _capture(folder: Path, changes: int) -> Iterator[Figure]:
    with EmbeddedPostgres.start(folder / "postgres") as server, captures_of(server, "rates", SCHEMA) as captures:
        task = captures.task()
        captures.begin(task, seconds=60)
        captures.execute(*_statements(changes))
        with server.connect("rates") as connection:
            publication = connection.execute("SELECT pubname FROM pg_publication").fetchone()
            slot = connection.execute("SELECT slot_name FROM pg_replication_slots").fetchone()
            began = time.perf_counter()
            query = _PEEK.replace("local_dms", publication[0])  # type: ignore[index]  the capture made one
            with connection.cursor(binary=True) as cursor:
                read = sum(
                    _decoded(data)
                    for _, data in cursor.stream(query.encode(), [slot[0]], binary=True, size=1)  # type: ignore[index]
                )
            limit = read / (time.perf_counter() - began)
        began = time.perf_counter()
        captures.end(task)
        seconds = time.perf_counter() - began
        counted = captures.statistics(task)["m"]
        captured = sum(counted[f"Applied{name}"] for name in ("Inserts", "Updates", "Deletes"))
    rate = captured / seconds
    yield "changes captured, all that were made", f"{captured:,} of {read:,}", captured == read
    yield "capture to Parquet, rows a second", f"{rate:,.0f}, limit {limit:,.0f}: {rate / limit:.2f}", rate > limit / 2


def _statements(changes: int) -> list[str]:
    """Half insertions, in transactions of 20,000 rows; the rest updates and deletions."""
    half, size = changes // 2, 20_000
    made = [
        "INSERT INTO m SELECT n, 'name of ' || n, n * 1.2345, now() + n * interval '1 s', "
        f"date '2024-01-01' + n % 1000, n % 2 = 0, 'note ' || n, n, n / 7.0 "
        f"FROM generate_series({first}, {min(first + size - 1, half)}) n"
        for first in range(1, half + 1, size)
    ]
    return [
        *made,
        f"UPDATE m SET part = part + 1 WHERE id <= {changes * 3 // 10}",
        f"DELETE FROM m WHERE id <= {changes // 5}",
    ]


def _decoded(data: bytes) -> int:
    """Decode one message of pgoutput, if it is a row's; whether it was."""
    if data[0] not in _ROWS:
        return 0
    at = 6
    _, at = _row(data, at)
    if data[5] != 78 and at < len(data):  # an old row came first
        _row(data, at + 1)
    return 1


def _row(data: bytes, at: int) -> tuple[list[bytes | None], int]:
    found: list[bytes | None] = []
    count, at = data[at] << 8 | data[at + 1], at + 2
    for _ in range(count):
        if data[at] == 116:
            (size,) = _SIZE(data, at + 1)
            found.append(data[at + 5 : at + 5 + size])
            at += 5 + size
        else:
            found.append(None)
            at += 1
    return found, at


def _apply(changes: int) -> Iterator[Figure]:
    """A published table of as many rows as there are changes: half updates, a quarter each insertions and deletions."""
    snowflake = SnowflakeSettings("a", "https://a", "LOADER", "key", "LOADER", "LOAD_WH", "FLEET", "FLEET_READER")
    columns = (
        Column("id", "bigint"),
        Column("name", "character varying", 40),
        Column("amount", "numeric", None, 18, 4),
    )
    table = Table("public", "m", False, columns, ("id",))
    before = f"SELECT n AS id, 'name ' || n AS name, n::DECIMAL(18,4) AS amount FROM range({changes}) t(n)"
    with new_account() as account, _alone() as alone:
        setup = setup_statements(snowflake, landing_bucket=BUCKET, role_arn=account.role_arn, external_id=EXTERNAL_ID)
        account.snowflake.administer(";".join(setup))
        target = qualified(snowflake, "shop", table.name)
        warehouse = table_columns("postgresql", table)
        defined = ", ".join(f'"{column.name}" {column.type}' for column in warehouse)
        account.done(
            f"CREATE SCHEMA IF NOT EXISTS {target.rpartition('.')[0]}", f"CREATE TRANSIENT TABLE {target} ({defined})"
        )
        attempt = Attempt("run", "shop", "delta", 2, "arn")
        full = Attempt("run", "shop", "full", 1, "arn")
        _land(account, full, table, before)
        stage = f'@"FLEET".OPS.LANDING/{full.folder.table_prefix(table.name)}'
        account.done(f"COPY INTO {target} FROM '{stage}' {_FORMAT}")
        rows = (
            f"SELECT CASE WHEN n % 4 < 2 THEN 'U' WHEN n % 4 = 2 THEN 'D' ELSE 'I' END AS \"Op\", '2026' AS _fleet_at, "
            f"CASE WHEN n % 4 = 3 THEN n + {changes} ELSE n END::BIGINT AS id, 'changed ' || n AS name, "
            f"n::DECIMAL(18,4) AS amount, 'shop' AS _fleet_database, '0/' || upper(hex(n)) AS _fleet_position, "
            f"lpad(n::VARCHAR, 35, '0') AS _fleet_sequence, CASE WHEN n % 4 < 2 THEN n END::BIGINT AS _fleet_before_id "
            f"FROM range({changes}) t(n)"
        )
        key = _land(account, attempt, table, rows)
        sealed = SealedTable("public", "m", False, "loaded", changes, None, (LandedFile(key, 1, "e"),))
        batch = ChangeBatch(table, ((attempt, sealed),), 0, warehouse)
        statements = change_statements(snowflake, "postgresql", attempt, batch)
        own = f"'shop' AS _fleet_database, '2026' AS _fleet_at, '{key}' AS _file, n AS _row"
        alone.execute(f"CREATE TABLE m AS {before.replace(' FROM', f', {own} FROM')}")
        alone.execute(f"CREATE TABLE c AS SELECT *, '{key}' AS _file, row_number() OVER () AS _row FROM ({rows})")
        began = time.perf_counter()
        alone.execute(_MERGE)
        limit = time.perf_counter() - began
        began = time.perf_counter()
        done = account.api.run(statements, str(uuid.uuid4()))
        seconds = time.perf_counter() - began
    assert isinstance(done, Succeeded), done  # noqa: S101  the bench itself would be wrong
    yield (
        "apply, rows a second of the whole request",
        f"{changes / seconds:,.0f}; the MERGE alone {changes / limit:,.0f}: {seconds / limit:.2f} times as long",
        seconds < 2 * limit,
    )


@contextmanager
def _alone() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


def _land(account: Account, attempt: Attempt, table: Table, query: str) -> str:
    name = "LOAD00000001" if attempt.mode == "full" else "20261130-140000000"
    key = f"{attempt.folder.table_prefix(table.name)}{name}.parquet"
    account.land(key, query)
    return key


if __name__ == "__main__":
    sys.exit(main())
