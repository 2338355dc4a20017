"""Three databases that no publisher would have made: every type, every awkward name, every empty corner."""

from __future__ import annotations

from pathlib import Path

from local.sources.datasets.loading import Loader

_WIDE_COLUMNS = 300


def build_museum(load: Loader) -> None:
    """Types and their extreme values, LOBs included."""
    load.run(_text("museum.sql"))


def build_names(load: Loader) -> None:
    """Published cars and casualties, and small tables, under names that must be quoted, escaped and encoded."""
    load.table("vehicles", f'SELECT row_number() OVER () AS "№", * FROM {load.published.vega("cars.json")}', key="№")
    load.table("casualties", load.published.vega("crimea.json"), key="date", schema="Größe")
    load.run(_text("odd_names.sql"))


def build_corner(load: Loader) -> None:
    """Tables with no rows, no key, one column, 300 columns."""
    load.run(_text("empty_corner.sql"))
    columns = ", ".join(f"column_{number:03} integer" for number in range(1, _WIDE_COLUMNS + 1))
    values = ", ".join(f"n * {number}" for number in range(1, _WIDE_COLUMNS + 1))
    load.run(
        f"CREATE TABLE cellar.wide (id integer PRIMARY KEY, {columns});"
        f"INSERT INTO cellar.wide SELECT n, {values} FROM generate_series(1, 3) n"
    )


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
