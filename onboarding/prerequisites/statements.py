"""What a database administrator runs at a source, once its DMS login exists: SQL files, filled in for its databases.

A file is cut into blocks by blank lines: reason and source as comments, then the statements. The words behind `--:` on
a block's first line say for what it is meant:

    script                        the head of the script, once
    server                        once for a server; other blocks once for each database
    self-managed, rds, ...        for a server with one of these as `hosting`
    sysadmin, without-sysadmin    how a SQL Server of one's own lets DMS read its log
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fleet.databases import Database, EndpointSetting, Engine, Hosting, Server
from fleet.names import MARK_TABLE

SYSADMIN, WITHOUT_SYSADMIN = "sysadmin", "without-sysadmin"
_SCRIPT, _SERVER = "script", "server"
_HOSTINGS = frozenset(get_args(Hosting))
_MARKER = "--:"


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


def _connect(name: str) -> str:
    r"""psql's command that goes on in the database *name*, whatever is in the name, as pg_dump writes it.

    Source: https://www.postgresql.org/docs/current/app-psql.html, `\connect` (documented).

    >>> print(_connect("it's"))
    \connect -reuse-previous=on "dbname='it\'s'"
    """
    escaped = re.sub(r"(['\\])", r"\\\1", name).replace('"', '""')
    return f"\\connect -reuse-previous=on \"dbname='{escaped}'\""


@dataclass(frozen=True)
class _Dialect:
    """How an engine writes a *name*, a name in what is granted *as_granted*, and a *login*. *files*: begin so.

    *connect*: the line that goes on in a database, where its statements do not say it themselves.
    """

    files: str
    name: Callable[[str], str]
    as_granted: Callable[[str], str]
    login: Callable[[str], str]
    connect: Callable[[str], str] | None = None


_MYSQL = _Dialect("mysql", _double("`"), _exactly, _anywhere)
_ENGINES: Mapping[Engine, _Dialect] = {
    "postgresql": _Dialect("postgresql", _double('"'), _double('"'), _double('"'), _connect),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlserver": _Dialect("sqlserver", _bracket, _bracket, _bracket),
}

_WRAPPER = EndpointSetting("EnableNonSysadminWrapper", value=True)
_WRAPPER_MISSING = (
    "MISSING in its entry of servers.yaml: `endpoint_settings: {EnableNonSysadminWrapper: true}`. Write it, and deploy."
)


@dataclass(frozen=True)
class _Block:
    """Some lines of a file, and for what they are meant."""

    words: frozenset[str]
    lines: tuple[str, ...]

    @property
    def scope(self) -> str:
        """Once for a script, a server, or each database."""
        return next((word for word in (_SCRIPT, _SERVER) if word in self.words), "")

    def is_for(self, hosting: Hosting, way: str) -> bool:
        """Whether it is meant for a server with that *hosting* that lets its log be read in that *way*."""
        hostings, ways = self.words & _HOSTINGS, self.words & {SYSADMIN, WITHOUT_SYSADMIN}
        return (not hostings or hosting in hostings) and (not ways or way in ways or hosting != "self-managed")


def prerequisites(
    server: Server,
    databases: Sequence[Database],
    login: str,
    *,
    deltas: bool = False,
    undo: bool = False,
    way: str = SYSADMIN,
    kept_for: Sequence[str] = (),
) -> str:
    """The script for *databases* of *server*: what the server is given once, then each database; undone, the other
    way round. It can be run again.

    *deltas*: what deltas need besides; without, what full loads need. *undo*: what takes it back, but for what the
    whole server was given, where other databases, *kept_for*, still need it. *way*: how a SQL Server of one's own lets
    DMS read its log. A line that speaks of a schema is repeated for each of the database's; the first schema has the
    mark.

    >>> erp, shop = Server("erp", "mariadb", "s"), Database("shop", "erp", "Shop", "i", ("Shop",))
    >>> print(prerequisites(erp, [shop], "fleet_dms").splitlines()[-1])
    GRANT SELECT ON `Shop`.* TO 'fleet_dms'@'%';
    """
    dialect = _ENGINES[server.engine]
    file = Path(__file__).parent / f"{dialect.files}{'_deltas' if deltas else ''}{'_undo' if undo else ''}.sql"
    blocks = [one for one in _read_blocks(file) if one.is_for(server.hosting, way)]
    of_login = {"${login}": dialect.login(login), "${login_text}": _text(login)}

    def fill(scope: str, database: Database | None = None) -> list[str]:
        filled = [_fill(one, dialect, of_login, database) for one in blocks if one.scope == scope]
        return ["\n".join(lines) for lines in filled]

    of_server = fill(_SERVER)
    if of_server and undo and kept_for:
        of_server = [f"-- What the login may do in the whole server stays: for {', '.join(kept_for)}."]
    head = f"-- Server {server.id}: {server.engine}, {server.hosting}."
    if way == WITHOUT_SYSADMIN and not undo and _WRAPPER not in server.endpoint_settings:
        head += f"\n-- {_WRAPPER_MISSING}"
    of_server = [head, *of_server] if of_server else []
    of_databases: list[str] = []
    for one in databases:
        of_databases += [f"-- Database {one.id}.", *([dialect.connect(one.name_at_source)] if dialect.connect else [])]
        of_databases += fill("", one)
    parts = [*of_databases, *of_server] if undo else [*of_server, *of_databases]
    return "\n\n".join([*fill(_SCRIPT), *parts]) + "\n"


def _read_blocks(file: Path) -> Iterator[_Block]:
    for text in file.read_text(encoding="utf-8").strip().split("\n\n"):
        first, *others = text.splitlines()
        marked = first.startswith(_MARKER)
        words = frozenset(first.removeprefix(_MARKER).split()) if marked else frozenset[str]()
        yield _Block(words, tuple(others if marked else (first, *others)))


def _fill(block: _Block, dialect: _Dialect, of_login: Mapping[str, str], database: Database | None) -> list[str]:
    filled_in = dict(of_login)
    schemas: tuple[str, ...] = ()
    if database is not None:
        schemas = database.schemas
        mark = f"{dialect.name(schemas[0])}.{dialect.name(MARK_TABLE)}" if schemas else ""
        filled_in |= {
            "${database}": dialect.as_granted(database.name_at_source),
            "${database_text}": _text(database.name_at_source),
            "${mark}": mark,
            "${mark_text}": _text(mark),
            "${schema_texts}": ", ".join(f"N{_text(schema)}" for schema in schemas),
        }
    lines: list[str] = []
    for line in block.lines:
        filled = re.sub(r"\$\{\w+\}", lambda found: filled_in.get(found[0], found[0]), line)
        if "${schema" in filled:
            lines += [
                filled.replace("${schema}", dialect.as_granted(schema)).replace("${schema_text}", _text(schema))
                for schema in schemas
            ]
        else:
            lines.append(filled)
    return lines
