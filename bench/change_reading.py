"""How fast changes are read, and in how much memory, beside a loop of pyarrow's record batches over the same file.

    python -m bench.change_reading --megabytes 100

The file is as DMS writes it: gzip, row groups of 10,000 rows, our added columns. Each reading is a process of its own,
whose peak of memory is that of a Python which has imported pyarrow and no more. The loop decodes every column and
counts the operations. Exits 1 when the reader takes more than 100 MB beside that, or when it reads another number of
changes than the loop.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.figures import Figure, print_figures
from changes.origin import landed_origin
from changes.parquet_files import read_parquet
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column

KEY = "shop/delta/night-1/000007/public/m/20261130-140000123.parquet"
TABLE = Table(
    "public",
    "m",
    False,
    (
        Column("id", "bigint"),
        Column("name", "text"),
        Column("amount", "numeric", None, 18, 4),
        Column("at", "timestamp with time zone"),
        Column("day", "date"),
        Column("flag", "boolean"),
        Column("note", "character varying", 40),
        Column("part", "integer"),
        Column("weight", "double precision"),
    ),
    ("id",),
)
_MOST_MEGABYTES = 100
_GROUP_ROWS = 10_000
_TIMES = 3


def main() -> int:
    """Measure; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--do", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.do:
        print(json.dumps(_measured(given.do, given.file)))
        return 0
    with tempfile.TemporaryDirectory(prefix="change-reading-") as folder:
        file = Path(folder) / "changes.parquet"
        # In a process of its own: one that is started inherits the peak of memory of the one that starts it.
        _in_a_process(f"write:{given.megabytes}", file)
        figures = _compare(file)
    return print_figures(figures)


def write_changes(file: Path, size: int) -> None:
    """A file of about *size* bytes: inserts, updates, and a deletion in ten."""
    schema: pa.Schema | None = None
    writer: pq.ParquetWriter | None = None
    first = 0
    with file.open("wb") as sink:
        while sink.tell() < size:
            group = pa.table(_group(first), schema)
            if writer is None:
                schema = group.schema
                writer = pq.ParquetWriter(
                    sink, schema, compression="GZIP", compression_level=1, version="2.4", store_schema=False
                )
            writer.write_table(group)
            first += _GROUP_ROWS
        if writer is not None:
            writer.close()


def _group(first: int) -> dict[str, object]:
    rows = range(first, first + _GROUP_ROWS)
    letters = ["D" if n % 10 == 9 else "U" if n % 2 else "I" for n in rows]
    began = datetime(2026, 11, 30)  # noqa: DTZ001  as Parquet's
    return {
        "Op": letters,
        "_fleet_at": [f"2026-11-30 14:00:{n // 1000 % 60:02}.000000" for n in rows],
        "id": pa.array(rows, pa.int64()),
        "name": [f"name of {n}" for n in rows],
        "amount": pa.array([Decimal(n * 12_345).scaleb(-4) for n in rows], pa.decimal128(18, 4)),
        "at": pa.array([began + timedelta(seconds=n) for n in rows], pa.timestamp("us")),
        "day": pa.array([(began + timedelta(days=n % 1000)).date() for n in rows]),
        "flag": ["true" if n % 2 else "false" for n in rows],
        "note": [os.urandom(15).hex() for _ in rows],
        "part": pa.array([n % 1000 for n in rows], pa.int32()),
        "weight": [n / 7 for n in rows],
        "_fleet_database": ["shop"] * _GROUP_ROWS,
        "_fleet_position": [f"{n // 100_000:X}/{n % 100_000 * 64:X}" for n in rows],
        "_fleet_sequence": [f"2026113014000000000000000{n:010}" for n in rows],
        "_fleet_before_id": pa.array(
            [n if letter == "U" else None for n, letter in zip(rows, letters, strict=True)], pa.int64()
        ),
    }


def _read_changes(file: Path) -> Counter[str]:
    origin = landed_origin(KEY, "postgresql", {TABLE.name: TABLE})
    with file.open("rb") as body:
        return Counter(change.operation for change in read_parquet(body, origin))


def _count_operations(file: Path) -> Counter[str]:
    """The loop beside it: every column decoded, by one thread, and the operations counted."""
    counted: Counter[str] = Counter()
    words = {"I": "insert", "U": "update", "D": "delete"}
    with file.open("rb") as body:
        for batch in pq.ParquetFile(body).iter_batches(use_threads=False):
            for one in batch.column("Op").value_counts().to_pylist():
                counted[words[one["values"]]] += one["counts"]
    return counted


def _read_nothing(_: Path) -> Counter[str]:
    return Counter()


_READINGS: dict[str, Callable[[Path], Counter[str]]] = {
    "changes": _read_changes,
    "loop": _count_operations,
    "nothing": _read_nothing,
}


def _measured(what: str, file: Path) -> dict[str, object]:
    verb, _, megabytes = what.partition(":")
    if verb == "write":
        write_changes(file, int(megabytes) * 1024 * 1024)
        return {}
    began = time.process_time()
    counted = _READINGS[verb](file)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "megabytes": peak, "counted": dict(sorted(counted.items()))}


def _in_a_process(what: str, file: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.change_reading", "--do", what, "--file", str(file)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _compare(file: Path) -> list[Figure]:
    """CPU seconds, the best of three, for the machine may be busy with other things."""
    found = {name: [_in_a_process(name, file) for _ in range(_TIMES)] for name in _READINGS}
    seconds = {name: min(float(str(one["seconds"])) for one in ones) for name, ones in found.items()}
    memory = {name: max(float(str(one["megabytes"])) for one in ones) for name, ones in found.items()}
    counted = found["loop"][0]["counted"]
    count = sum(counted.values()) if isinstance(counted, dict) else 0
    beside = memory["changes"] - memory["nothing"]
    size = file.stat().st_size / 1024 / 1024
    return [
        (f"changes of a file of {size:.0f} MB", f"{count:,}", found["changes"][0]["counted"] == counted),
        (
            "changes read a second",
            f"{count / seconds['changes']:,.0f}; the loop {count / seconds['loop']:,.0f}: "
            f"{seconds['changes'] / seconds['loop']:.1f} times as long",
            True,
        ),
        (
            "megabytes held, beside a Python with pyarrow",
            f"{beside:.0f}; the loop {memory['loop'] - memory['nothing']:.0f}; in all {memory['changes']:.0f}",
            beside < _MOST_MEGABYTES,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
