"""docs/landing-format.md against the files that a full load and a delta really leave."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from delta_case import COLUMNS, DeltaCase, delta_cases
from fleet.parquet_footer import read_footer
from fleet.tables.catalogue import TableName
from landed_changes import landed_changes, replayed
from localcloud.servers.postgres import EmbeddedPostgres

PAGE = (Path(__file__).parents[2] / "docs" / "landing-format.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def database(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DeltaCase]:
    """A database after a run that primes and seeds, and one delta."""
    with delta_cases(tmp_path_factory.mktemp("landing"), postgres, case_template) as cases:
        database = DeltaCase(cases)
        database.run_ok()
        database.change("UPDATE orders SET id = 30 WHERE id = 3", "DELETE FROM orders WHERE id = 2")
        database.run_ok()
        yield database


@pytest.fixture(scope="module")
def landed(database: DeltaCase) -> dict[str, bytes]:
    """Every object of the database."""
    case = database.case
    return {key: case.s3.get_object(Bucket=case.bucket, Key=key)["Body"].read() for key in case.objects()}


def columns_of(kind: str) -> set[str]:
    """The columns that the page gives to files of *kind*, but for the source's own and the keys before."""
    rows = re.findall(r"^\| `([^`]+)` \| (both|changes) \|", PAGE, re.MULTILINE)
    return {name for name, where in rows if "<" not in name and where in {"both", kind}}


def test_every_object_has_a_key_that_the_page_describes(landed: dict[str, bytes]) -> None:
    full = re.compile(r"[^/]+/full/[^/]+/\d{6,}/[^/]+/[^/]+/LOAD[0-9A-F]{8}\.parquet")
    change = re.compile(r"[^/]+/delta/[^/]+/\d{6,}/[^/]+/[^/]+/\d{8}-\d{9}\.parquet")
    manifest = re.compile(r"[^/]+/(full|delta)/[^/]+/\d{6,}/_manifest\.json")
    kinds = [next((one for one in (full, change, manifest) if one.fullmatch(key)), None) for key in landed]
    assert None not in kinds
    assert {full, change, manifest} == set(kinds)


def test_files_have_the_columns_of_the_page(landed: dict[str, bytes]) -> None:
    for kind, mode in (("full", "full"), ("changes", "delta")):
        (key,) = [key for key in landed if f"/{mode}/" in key and "/orders/" in key]
        names = pq.read_schema(io.BytesIO(landed[key])).names
        before = {"_fleet_before_id"} if mode == "delta" else set()
        assert set(names) == columns_of(kind) | before | {"id", "what", "amount"}
        assert names[:2] == ["Op", "_fleet_at"]


def test_a_moved_row_says_where_it_was_and_a_deleted_one_its_key(landed: dict[str, bytes]) -> None:
    (key,) = [key for key in landed if "/delta/" in key and "/orders/" in key]
    changes = pq.read_table(io.BytesIO(landed[key])).to_pylist()
    assert [(one["Op"], one["id"], one["_fleet_before_id"]) for one in changes] == [("U", 30, 3), ("D", 2, None)]
    order = [(one["_fleet_position"], one["_fleet_sequence"]) for one in changes]
    assert order == sorted(order)
    assert all(re.fullmatch(r"[0-9A-F]+/[0-9A-F]+", position) for position, _ in order)
    assert all(re.fullmatch(r"\d{35}", sequence) for _, sequence in order)
    assert read_footer(landed[key]).rows == 2


def test_a_consumer_of_the_files_has_the_tables_of_the_source(database: DeltaCase, landed: dict[str, bytes]) -> None:
    by_file = landed_changes(database.case, "postgresql")
    assert {key: len(changes) for key, changes in by_file.items()} == {
        key: pq.read_metadata(io.BytesIO(body)).num_rows for key, body in landed.items() if key.endswith(".parquet")
    }
    tables = replayed(change for changes in by_file.values() for change in changes)
    for name, columns in COLUMNS.items():
        rows = {tuple(row.values()) for row in tables.get(TableName("public", name), {}).values()}
        assert rows == {*database.case.ask_source(f"SELECT {columns} FROM {name}")}
    (changed,) = [changes for key, changes in by_file.items() if "/delta/" in key and "/orders/" in key]
    moved, deleted = changed
    assert (moved.operation, moved.key, moved.before) == ("update", (30,), {"id": 3})
    assert moved.after == {"id": 30, "what": "order 3", "amount": Decimal("4.50")}
    assert (deleted.operation, deleted.before, deleted.after) == ("delete", {"id": 2}, {})
    assert moved.position < deleted.position
    assert {change.operation for key, changes in by_file.items() if "/full/" in key for change in changes} == {"load"}


def test_the_example_of_the_page_reads_a_file(landed: dict[str, bytes], capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (key,) = [key for key in landed if "/delta/" in key and "/orders/" in key]
    exec(example, {"file": io.BytesIO(landed[key]), "key": key, "tables": {}})  # noqa: S102  the page's own words
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["update", "orders"],
        ["delete", "orders"],
    ]


def test_manifests_have_the_members_of_the_page(landed: dict[str, bytes]) -> None:
    manifests = [json.loads(body) for key, body in landed.items() if key.endswith("_manifest.json")]
    rows = re.findall(r"^\| `(\w+)(\[\])?` \| ([^|]+) \|", PAGE[PAGE.index("## The manifest") :], re.MULTILINE)
    assert {name for name, *_ in rows} == {"attempt", "sealed_at", "complete", "failure", "tables", "delta"}
    inside = {name: set(re.findall(r"`(\w+)`", text)) for name, _, text in rows}
    for manifest in manifests:
        assert manifest["format"] == 1
        assert set(inside) <= set(manifest)
        for table in manifest["tables"]:
            assert {"schema", "table", "state", "rows", "files", "failure"} <= set(table)
            assert table["state"] in inside["tables"]
        if manifest["delta"] is not None:
            assert {"chain", "is_closed", "reaches", "mark", "checkpoint"} <= set(manifest["delta"])
    named = {file["key"] for one in manifests for table in one["tables"] for file in table["files"]}
    marks = {file["key"] for one in manifests if one["delta"] for file in one["delta"]["mark_files"]}
    assert named | marks == {key for key in landed if key.endswith(".parquet")}
