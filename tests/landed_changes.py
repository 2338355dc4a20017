"""The changes in the files that the local DMS landed for a database, and what they make of its tables."""

from __future__ import annotations

import io
from collections.abc import Iterable

from cases import Case
from changes.origin import landed_origin
from changes.parquet_files import read_parquet
from changes.record import Change, Row
from fleet.databases import Engine
from fleet.names import attempt_key
from fleet.tables.catalogue import Table, TableName


def landed_changes(case: Case, engine: Engine) -> dict[str, list[Change]]:
    """Of each file, by the catalogue of the attempt that wrote it."""
    found = {}
    for key in case.objects():
        if key.endswith(".parquet"):
            _, _, run, number, *_ = key.split("/")
            document = attempt_key(run, case.id, int(number), "catalogue")
            tables = case.cloud.clients.records.read_settled(document, tuple[Table, ...]) or ()
            body = case.s3.get_object(Bucket=case.bucket, Key=key)["Body"].read()
            origin = landed_origin(key, engine, {table.name: table for table in tables})
            found[key] = list(read_parquet(io.BytesIO(body), origin))
    return found


def replayed(changes: Iterable[Change]) -> dict[TableName, dict[tuple[object, ...], Row]]:
    """The tables after *changes*, in the order of their positions' texts, as a consumer would have them."""
    tables: dict[TableName, dict[tuple[object, ...], Row]] = {}
    for change in sorted(changes, key=lambda one: one.position.text):
        rows = tables.setdefault(TableName(change.schema, change.table), {})
        if change.operation == "delete":
            rows.pop(change.key, None)
        else:
            rows.pop(tuple(change.before.values()), None)
            rows[change.key] = change.after
    return tables
