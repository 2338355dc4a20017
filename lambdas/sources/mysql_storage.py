"""What a MySQL or MariaDB source says of how its tables are stored: whether they were emptied, and whether all of their
changes are in the binary log.

InnoDB's own catalogue takes the right PROCESS, without which deltas do not begin either. What it says of foreign keys
`referential_constraints` hides without a word from a login that may SELECT only (seen with MariaDB 10.11).

Source: MySQL's manual, "INFORMATION_SCHEMA InnoDB Tables" (INNODB_TABLES, INNODB_FOREIGN; before 8.0, and in MariaDB,
INNODB_SYS_...) and "InnoDB and MySQL Replication": what a foreign key cascades is not logged. MySQL 9.6 logs it, and is
treated alike. No MySQL was ever reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql
import pymysql.cursors

from fleet.sentences import as_clause
from fleet.source_errors.mysql import classify_code
from fleet.tables.catalogue import TableName
from lambdas.sources.words import find_words

# Names are written as files are: `t x` is t@0020x. What follows a # is a partition.
_NAME = "CONVERT(CONVERT(SUBSTRING_INDEX({name}, '/', {part}) USING binary) USING filename)"
_SCHEMA = _NAME.format(name="{column}", part=1)
_TABLE = _NAME.format(name="SUBSTRING_INDEX({column}, '#', 1)", part=-1)
_IDS = f"SELECT {_SCHEMA}, {_TABLE}, table_id FROM information_schema.{{table}} WHERE name LIKE '%/%' ORDER BY table_id"
# 1 and 2: ON DELETE CASCADE and SET NULL; 4 and 8: ON UPDATE. MariaDB's and MySQL's manuals, INNODB_[SYS_]FOREIGN.
_CASCADES = f"SELECT {_SCHEMA}, {_TABLE} FROM information_schema.{{table}} WHERE type & 15 <> 0"
_ASKED = (
    (
        _IDS.format(column="name", table="innodb_sys_tables"),
        _CASCADES.format(column="for_name", table="innodb_sys_foreign"),
    ),
    (_IDS.format(column="name", table="innodb_tables"), _CASCADES.format(column="for_name", table="innodb_foreign")),
)
# Source: MySQL's manual, "Server Error Message Reference": ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_UNKNOWN_TABLE and
# ER_NO_SUCH_TABLE.
_DENIED = 1227
_NO_SUCH_TABLE = {1109, 1146}
# Each change of a row of theirs is an event of a row. A MEMORY table is emptied by a restart; what others hold may lie
# elsewhere, and change there. Source: MariaDB's manual, "Storage Engines".
_LOGGED = frozenset({"INNODB", "MYISAM", "ARIA", "ROCKSDB", "ARCHIVE"})


@dataclass(frozen=True)
class InnodbCatalogue:
    """*ids*: of each table, all of its partitions'; *cascading*: whose rows foreign keys change.

    *unseen*: why neither is known.
    """

    ids: Mapping[TableName, tuple[int, ...]]
    cascading: frozenset[TableName]
    unseen: str = ""

    def incarnation(self, name: TableName, created_at: Any) -> str:
        """What differs after the table was made anew, emptied or altered, if only by an index.

        TRUNCATE leaves the time of creation of an InnoDB table as it was, and gives it another id; a column that is
        dropped and added again at once (ALGORITHM = INSTANT) leaves the id, and each ALTER changes the time: seen with
        MariaDB 10.11. Other storage engines have no id.
        """
        return "/".join(map(str, (*self.ids.get(name, ()), created_at or "")))

    def bars(self, name: TableName, engine: str | None, generated: Sequence[str]) -> Iterator[str]:
        """Why changes of the table are not all in the log. *engine*: that stores it; None of a view."""
        if engine is None:
            return
        if engine.upper() not in _LOGGED:
            yield f"the binary log does not have all changes of its storage engine, {engine}"
        if name in self.cascading:
            yield "a foreign key changes its rows (CASCADE or SET NULL), and the binary log does not have that"
        elif engine.upper() == "INNODB" and self.unseen:
            yield f"whether a foreign key changes its rows is not known: {self.unseen}"
        if generated:
            yield f"changes of its computed column {generated[0]} are not captured"


def read_storage(cursor: pymysql.cursors.Cursor) -> InnodbCatalogue:
    """InnoDB's catalogue of the whole server, as far as the login may read it."""
    unseen = ""
    for ids_query, cascades_query in _ASKED:
        try:
            ids: dict[TableName, tuple[int, ...]] = {}
            for schema, table, number in _ask(cursor, ids_query):
                name = TableName(schema, table)
                ids[name] = (*ids.get(name, ()), number)
            cascading = frozenset(TableName(schema, table) for schema, table in _ask(cursor, cascades_query))
            return InnodbCatalogue(ids, cascading)
        except pymysql.err.Error as error:
            code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
            if not code or classify_code(code) == "connection":
                raise
            unseen = "the login lacks PROCESS" if code == _DENIED else as_clause(find_words(error))
            if code not in _NO_SUCH_TABLE:
                break
    return InnodbCatalogue({}, frozenset(), unseen)


def _ask(cursor: pymysql.cursors.Cursor, query: str) -> Sequence[Sequence[Any]]:
    cursor.execute(query)
    return cursor.fetchall()
