"""What the login of a MySQL or MariaDB source may see, by its own grants: what it may not see is in no catalogue.

Source: https://mariadb.com/kb/en/show-grants/ and MySQL's manual, "SHOW GRANTS Statement" and "Privilege Restriction
Using Partial Revokes": without FOR, the grants of the roles in force come with the login's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleet.tables.catalogue import TableName

_NAME = r"`(?:[^`]|``)*`"
_GRANT = re.compile(rf"(GRANT|REVOKE) ((?:[^`]|{_NAME})+?) ON (\*|{_NAME})\.(\*|{_NAME}) (?:TO|FROM) .*", re.DOTALL)
_OF_COLUMNS = re.compile(rf"(?:^|, )SELECT \(((?:[^`)]|{_NAME})*)\)")  # before 8.0, MySQL quotes no column
_OF_ALL = re.compile(r"(?:^|, )(?:ALL PRIVILEGES|SELECT)(?:$|,)")


@dataclass(frozen=True)
class Grants:
    """What is granted. *schemas*: patterns of the schemas that the login reads whole; *revoked*: names of those that
    are taken out again; *columns*: of tables on which single columns are granted."""

    schemas: tuple[str, ...] = ()
    revoked: frozenset[str] = frozenset()
    columns: Mapping[TableName, tuple[str, ...]] = field(default_factory=dict)

    def shows_all(self, schema: str) -> bool:
        """Whether no table of *schema* is hidden from the login.

        >>> [Grants((r"shop\\_a", "s%")).shows_all(name) for name in ("shop_a", "sales", "lab")]
        [True, True, False]
        """
        return schema not in self.revoked and any(_matches(pattern, schema) for pattern in self.schemas)


def read_grants(lines: Iterable[str]) -> Grants:
    """What the answer to SHOW GRANTS says.

    >>> lines = ["GRANT USAGE ON *.* TO `a`@`%`", "GRANT SELECT (`id`, `a``b`), INSERT ON `shop`.`t1` TO `a`@`%`"]
    >>> read_grants([*lines, "GRANT SELECT, SHOW VIEW ON `shop_a`.* TO `a`@`%`"])
    Grants(schemas=('shop_a',), revoked=frozenset(), columns={TableName(schema='shop', table='t1'): ('id', 'a`b')})
    """
    schemas: list[str] = []
    revoked: set[str] = set()
    columns: dict[TableName, tuple[str, ...]] = {}
    for line in lines:
        found = _GRANT.fullmatch(line)
        if found is None:  # a role, a proxy, a default role
            continue
        verb, rights, schema, table = found.groups()
        if table == "*" and _OF_ALL.search(rights):
            if verb == "REVOKE":
                revoked.add(_read_name(schema))
            else:
                schemas.append("%" if schema == "*" else _read_name(schema))
        elif single := _OF_COLUMNS.search(rights):
            named = re.findall(rf"{_NAME}|[^`, ]+", single[1])
            columns[TableName(_read_name(schema), _read_name(table))] = tuple(map(_read_name, named))
    return Grants(tuple(schemas), frozenset(revoked), columns)


_LOG_RIGHTS = (("REPLICATION SLAVE",), ("REPLICATION CLIENT", "BINLOG MONITOR"))
"""Each by the names that it has or had: https://mariadb.com/kb/en/grant/ (the second one's since 10.5)."""


def missing_log_rights(lines: Iterable[str]) -> tuple[str, ...]:
    """What a login lacks to read the binary log, by the answer to SHOW GRANTS.

    >>> missing_log_rights(["GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `a`@`%`"])
    ()
    >>> missing_log_rights(["GRANT SELECT, REPLICATION CLIENT ON *.* TO `a`@`%`", "GRANT ALL PRIVILEGES ON `s`.* TO a"])
    ('REPLICATION SLAVE',)
    >>> missing_log_rights(["GRANT ALL PRIVILEGES ON *.* TO `a`@`%`"])
    ()
    """
    found = [match for line in lines if (match := _GRANT.fullmatch(line)) and match[1] == "GRANT"]
    given = {right for match in found if match[3] == match[4] == "*" for right in match[2].split(", ")}
    if "ALL PRIVILEGES" in given:
        return ()
    return tuple(names[0] for names in _LOG_RIGHTS if not given & {*names})


def _read_name(written: str) -> str:
    return written[1:-1].replace("``", "`") if written.startswith("`") else written


def _matches(pattern: str, name: str) -> bool:
    """Whether a grant's *pattern*, in which % and _ are wildcards unless a backslash is before them, is of *name*."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return bool(re.fullmatch("".join(wild.get(one) or re.escape(one[-1]) for one in parts), name, re.DOTALL))
