"""What a database administrator runs at a source, once its DMS login exists: SQL files, filled in for one database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from fleet.databases import Database, Engine


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


# The file, and how the engine quotes a name and a login.
_ENGINES: Mapping[Engine, tuple[str, Callable[[str], str], Callable[[str], str]]] = {
    "postgresql": ("postgresql.sql", _double('"'), _double('"')),
    "mysql": ("mysql.sql", _exactly, _anywhere),
    "mariadb": ("mysql.sql", _exactly, _anywhere),
    "sqlserver": ("sqlserver.sql", _bracket, _bracket),
}


def prerequisites(engine: Engine, database: Database, login: str) -> str:
    """The statements for *database* on a server of *engine*, with their sources as comments.

    A line that speaks of a schema is repeated for each of the database's.

    >>> shop = Database("shop", "one", "Shop", "i", ("Shop",))
    >>> print(prerequisites("mariadb", shop, "fleet_dms").splitlines()[-1])
    GRANT SELECT ON `Shop`.* TO 'fleet_dms'@'%';
    """
    file, quote, quote_login = _ENGINES[engine]
    lines = []
    for line in (Path(__file__).parent / file).read_text(encoding="utf-8").splitlines():
        filled = line.replace("${database}", quote(database.name_at_source)).replace("${login}", quote_login(login))
        if "${schema}" in line:
            lines += [filled.replace("${schema}", quote(schema)) for schema in database.schemas]
        else:
            lines.append(filled)
    return "\n".join(lines) + "\n"
