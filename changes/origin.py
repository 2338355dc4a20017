"""Where changes come from: what the place of a file says of all the rows in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from changes.unreadable import BrokenFileError
from fleet.databases import Engine
from fleet.folders import parse_folder
from fleet.tables.catalogue import Table, TableName

_FOLDER_PARTS = 4
_LOAD_NAME = re.compile(r"(SEGMENT[0-9]+_)?LOAD[0-9A-F]+\.", re.IGNORECASE)
# What DatePartitionEnabled adds between a table's folder and its files: at most year, month, day and hour.
_DATE_PART = re.compile(r"[0-9]{2,10}|[0-9]{4}(-[0-9]{2}){1,3}")


@dataclass(frozen=True)
class Origin:
    """*source*: the file's key. *name*: the table of its rows. *table*: as the catalogue has it, under the names that
    its columns land by (`rename_columns`); None where no catalogue is at hand, so that values are as the file says.
    *attempt*: 0 where the place has none. *is_load*: the file is of a full load, whatever its rows' operations say.
    *place*: a position's, of rows that have none of their own.
    """

    source: str
    database: str
    engine: Engine
    name: TableName
    table: Table | None = None
    attempt: int = 0
    is_load: bool = False
    place: str = ""


@dataclass(frozen=True)
class Stream:
    """A carrier of envelopes, each of which names its table: a file of them, or a partition of a topic.

    *source*: the file's key, or `topic/partition`. *tables*: the catalogue, as far as it is at hand. *place*: of a
    file; empty of a topic, whose messages are numbered throughout.
    """

    source: str
    database: str
    engine: Engine
    tables: Mapping[TableName, Table] = field(default_factory=dict)
    place: str = ""


def landed_origin(key: str, engine: Engine, tables: Mapping[TableName, Table]) -> Origin:
    """What the key of a file in the landing bucket (docs/landing-format.md) says, and the catalogue's table for it.

    A name at a source may hold slashes itself, so the longest name of *tables* that fits is taken; without one, the
    first folder below the attempt's is the schema and the second the table.

    Raises:
        BrokenFileError: The key is not of a file of rows.

    >>> landed_origin("shop/full/night-1/000007/public/users/LOAD00000001.parquet", "mysql", {}).name
    TableName(schema='public', table='users')
    """
    parts = key.split("/")
    folder = parse_folder("/".join(parts[:_FOLDER_PARTS]))
    rest = "/".join(parts[_FOLDER_PARTS:])
    if folder is None or rest.count("/") < 2:
        wanted = "<database>/<full|delta>/<run>/<attempt>/<schema>/<table>/<file>"
        raise BrokenFileError(key, f"its key is none of a file of rows, wanted {wanted}", remedy="Leave it alone.")
    fitting = [name for name in tables if rest.startswith(f"{name.schema}/{name.table}/")]
    name = max(fitting, key=lambda one: len(str(one)), default=TableName(*parts[_FOLDER_PARTS : _FOLDER_PARTS + 2]))
    file = rest.removeprefix(f"{name.schema}/{name.table}/")
    is_load = folder.mode == "full"
    return Origin(
        key, folder.database, engine, name, tables.get(name), folder.attempt, is_load, _place(file, is_load=is_load)
    )


def dropped_origin(key: str, database: str, engine: Engine, tables: Mapping[TableName, Table]) -> Origin:
    """The same of a file that a task of DMS wrote without our folders: `.../<schema>/<table>/[<date>/...]<file>`.

    Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html, read 2026-11-21 (docs/facts/dms.md
    4.2, 4.5): files of a full load are called LOAD and a number, those of changes by their time, so the order of the
    names is that of the changes.

    Raises:
        BrokenFileError: The key has no two folders.

    >>> origin = dropped_origin("drop/crm/users/2026/12/01/20261201-101500123.csv.gz", "crm", "mysql", {})
    >>> origin.name, origin.is_load
    (TableName(schema='crm', table='users'), False)
    """
    *folders, file = key.split("/")
    is_load = _LOAD_NAME.match(file) is not None
    dates: list[str] = []
    while not is_load and len(folders) > 2 and _DATE_PART.fullmatch(folders[-1]):
        dates.insert(0, folders.pop())
    if len(folders) < 2:
        raise BrokenFileError(key, "its key names no table, wanted .../<schema>/<table>/<file>", remedy="Move it.")
    name = TableName(*folders[-2:])
    place = _place("/".join((*dates, file)), is_load=is_load)
    return Origin(key, database, engine, name, tables.get(name), is_load=is_load, place=place)


def stream_of_file(key: str, database: str, engine: Engine, tables: Mapping[TableName, Table]) -> Stream:
    """A file of envelopes. Its changes are ordered by its key, which has its time in front: the default of Amazon Data
    Firehose.

    Source: https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html (read 2026-12-01).
    """
    return Stream(key, database, engine, tables, _place(key, is_load=False))


def _place(file: str, *, is_load: bool) -> str:
    """Files in an order, those of loads first; a blank would end the place in a position's text.

    >>> _place("LOAD00000001.csv", is_load=True) < _place("20261201-101500123.csv", is_load=False)
    True
    """
    return f"{0 if is_load else 1}/{re.sub(r'[^!-~]', '_', file)}"
