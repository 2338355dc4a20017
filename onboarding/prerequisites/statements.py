"""What a database administrator runs at a source, once its DMS login exists: SQL files, filled in for one database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet.databases import Database, Engine
from fleet.names import MARK_TABLE


def _double(sign: str) -> Callable[[str], str]:
    return lambda name: sign + name.replace(sign, sign * 2) + sign


def _exactly(name: str) -> str:
    """*name* in a GRANT of MySQL's or MariaDB's, where `_` and `%` in a database's name stand for other characters.

    >>> _exactly("shop_a")
    '`shop\\\\_a`'
    """
    return "`" + re.sub(r"([\\_%])", r"\\\1", name).replace("`", "``") + "`"


def _bracket(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"


def _anywhere(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "''") + "'@'%'"


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


@dataclass(frozen=True)
class _Dialect:
    """How an engine writes a *name*, a name in what is granted *as_granted*, and a *login*. *files*: begin so."""

    files: str
    name: Callable[[str], str]
    as_granted: Callable[[str], str]
    login: Callable[[str], str]


_MYSQL = _Dialect("mysql", _double("`"), _exactly, _anywhere)
_ENGINES: Mapping[Engine, _Dialect] = {
    "postgresql": _Dialect("postgresql", _double('"'), _double('"'), _double('"')),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlserver": _Dialect("sqlserver", _bracket, _bracket, _bracket),
}


def prerequisites(engine: Engine, database: Database, login: str, *, deltas: bool = False, undo: bool = False) -> str:
    """The statements for *database* on a server of *engine*, with their sources as comments.

    *deltas*: those that deltas need besides; without, those for full loads. *undo*: those that take them back. A line
    that speaks of a schema is repeated for each of the database's; the first schema has the mark.

    >>> shop = Database("shop", "one", "Shop", "i", ("Shop",))
    >>> print(prerequisites("mariadb", shop, "fleet_dms").splitlines()[-1])
    GRANT SELECT ON `Shop`.* TO 'fleet_dms'@'%';
    """
    dialect = _ENGINES[engine]
    mark = f"{dialect.name(database.schemas[0])}.{dialect.name(MARK_TABLE)}" if database.schemas else ""
    filled_in = {
        "${database}": dialect.as_granted(database.name_at_source),
        "${database_text}": _text(database.name_at_source),
        "${login}": dialect.login(login),
        "${mark}": mark,
        "${mark_text}": _text(mark),
        "${schema_texts}": ", ".join(f"N{_text(schema)}" for schema in database.schemas),
    }
    file = Path(__file__).parent / f"{dialect.files}{'_deltas' if deltas else ''}{'_undo' if undo else ''}.sql"
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        filled = re.sub(r"\$\{\w+\}", lambda found: filled_in.get(found[0], found[0]), line)
        if "${schema}" in line:
            lines += [filled.replace("${schema}", dialect.as_granted(schema)) for schema in database.schemas]
        else:
            lines.append(filled)
    return "\n".join(lines) + "\n"
