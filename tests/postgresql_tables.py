"""Random tables of random types and rows, made in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, given, settings

from cases import Case
from postgresql_columns import Generated, tables


def draw(count: int) -> list[list[Generated]]:
    """So many random tables."""
    drawn: list[list[Generated]] = []

    @settings(max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(generated=tables())
    def collect(generated: list[Generated]) -> None:
        drawn.append(generated)

    collect()
    return drawn


def make(case: Case, name: str, generated: Sequence[Generated]) -> None:
    """A table with a key and the generated columns, and their values."""
    fields = ["id integer PRIMARY KEY"]
    for number, one in enumerate(generated):
        declared = one.declared
        for depth in range(one.domains):
            domain = f"kinds.{name}_{number}_{depth}"
            case.ask_source(f"CREATE DOMAIN {domain} AS {declared}")
            declared = domain
        fields.append(f"c{number} {declared}")
    case.ask_source(f"CREATE TABLE {name} ({', '.join(fields)})")
    rows = zip(*(one.values for one in generated), strict=True)
    values = ", ".join(f"({', '.join([str(key), *map(literal, row)])})" for key, row in enumerate(rows))
    case.ask_source(f"INSERT INTO {name} VALUES {values}")


def literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
