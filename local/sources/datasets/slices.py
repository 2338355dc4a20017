"""Databases of exactly as many tables and views as asked for, each a slice of a published table."""

from __future__ import annotations

from functools import partial

from local.sources.datasets.loading import Loader, quoted
from local.sources.datasets.published import Published

ROWS = 200
VARIANTS = 4  # templates of one size that differ in their rows
_VIEW_EVERY = 8
# Quick to read, and of mixed types.
_SLICED = ("people", "weather", "batting", "airports", "salaries", "planes", "teams", "seattle", "parks", "cars")


def build_slices(load: Loader, tables: int, variant: int) -> None:
    """*tables* tables and views in all; every eighth is a view that joins the two tables before it."""
    before: list[str] = []
    for number in range(1, tables + 1):
        if number % _VIEW_EVERY == 0:
            left, right = (quoted(name) for name in before[-2:])
            view = quoted(f"pairs_{number:04}")
            load.run(f"CREATE VIEW {view} AS SELECT l.*, r.row_id AS other FROM {left} l JOIN {right} r USING (row_id)")
            continue
        name = _SLICED[len(before) % len(_SLICED)]
        slice_number = len(before) // len(_SLICED) * VARIANTS + variant
        table = f"{name}_{number:04}"
        load.table(table, _slice(load.published, name, slice_number), key="row_id")
        before.append(table)


def _slice(published: Published, name: str, slice_number: int) -> str:
    """`ROWS` rows of a published table, wrapping around at its end."""
    numbered = published.numbered(name, partial(_relation, published, name))
    first = slice_number * ROWS % (numbered.rows - ROWS)
    return (
        f"SELECT * REPLACE (row_id - {first} AS row_id) FROM {numbered.name}"
        f" WHERE row_id > {first} AND row_id <= {first + ROWS}"
    )


def _relation(published: Published, name: str) -> str:
    match name:
        case "people":
            return f"(SELECT * REPLACE (debut::DATE AS debut) FROM {published.lahman('People')})"
        case "salaries":
            return f"(SELECT * REPLACE (salary::DECIMAL(12, 2) AS salary) FROM {published.lahman('Salaries')})"
        case "batting" | "teams" | "parks":
            return published.lahman(name.capitalize())
        case "weather" | "airports" | "planes":
            return published.nyc(name)
        case "seattle":
            return published.vega("seattle-weather.csv")
        case _:
            return published.vega(f"{name}.json")
