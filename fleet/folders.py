"""The folder of one attempt, the grammar of keys in it, and whose files are whose.

<bucket>/<database>/<mode>/<run>/<attempt>/<schema>/<table>/LOAD00000001.parquet           of a full load
<bucket>/<database>/<mode>/<run>/<attempt>/<schema>/<table>/20261130-140000123.parquet     of changes
<bucket>/<database>/<mode>/<run>/<attempt>/_manifest.json
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fleet.databases import Mode
from fleet.errors import MalformedIdError
from fleet.failures import Failure
from fleet.names import require_database_id, require_run_id
from fleet.tables.catalogue import TableName

MANIFEST = "_manifest.json"
_FOLDER = re.compile(r"(?P<database>[^/]+)/(?P<mode>full|delta)/(?P<run>[^/]+)/(?P<attempt>[0-9]{6,})")
# Source: docs/facts/dms.md 4.2 and 4.4 (hexadecimal counter; SEGMENTn_ or a segment's folder under parallel load).
_LOAD_FILE = re.compile(r"([^/]+/)?(SEGMENT[0-9]+_)?LOAD[0-9A-F]{8}\.parquet")
# The walkthroughs have nine digits after the hyphen, the guide's example ten (docs/facts/dms.md 4.2).
_CHANGE_FILE = re.compile(r"[0-9]{8}-[0-9]{9,10}\.parquet")


@dataclass(frozen=True)
class Folder:
    """The S3 prefix of one attempt: written once, then sealed, never reused.

    >>> Folder("nyc-flights", "full", "night-1", 7).prefix
    'nyc-flights/full/night-1/000007'
    """

    database: str
    mode: Mode
    run: str
    attempt: int

    @property
    def prefix(self) -> str:
        """The key prefix, without a slash at its end: DMS's BucketFolder."""
        return f"{self.database}/{self.mode}/{self.run}/{self.attempt:06d}"

    @property
    def manifest_key(self) -> str:
        """The key of the object that seals the folder."""
        return f"{self.prefix}/{MANIFEST}"

    def table_prefix(self, name: TableName) -> str:
        """The prefix of a table's files, with a slash at its end.

        >>> Folder("nyc-flights", "full", "night-1", 7).table_prefix(TableName("public", "flights"))
        'nyc-flights/full/night-1/000007/public/flights/'
        """
        return f"{self.prefix}/{name.schema}/{name.table}/"


def parse_folder(prefix: str) -> Folder | None:
    """The folder that *prefix* names, or None.

    >>> parse_folder("nyc-flights/full/night-1/000007")
    Folder(database='nyc-flights', mode='full', run='night-1', attempt=7)
    >>> parse_folder("nyc-flights/full") is None
    True
    """
    match = _FOLDER.fullmatch(prefix)
    if match is None:
        return None
    mode: Mode = "full" if match["mode"] == "full" else "delta"
    try:
        database, run = require_database_id(match["database"]), require_run_id(match["run"])
    except MalformedIdError:
        return None
    folder = Folder(database, mode, run, int(match["attempt"]))
    return folder if folder.prefix == prefix else None


def judge_prefix(database: str, prefix: str) -> Failure | None:
    """A failure, if *prefix* is not a folder of *database*: the mistake that mixes two databases' data.

    >>> judge_prefix("nyc-flights", "nyc-flights/full/night-1/000007")
    >>> judge_prefix("nyc-flights", "baseball/full/night-1/000007").name
    'FolderOutsideDatabase'
    """
    folder = parse_folder(prefix)
    if folder is not None and folder.database == database:
        return None
    return Failure(
        "landing_mismatch",
        "FolderOutsideDatabase",
        f"folder {prefix!r} is not one of {database}'s: wanted {database}/<full|delta>/<run>/<attempt>. "
        f"Nothing was started. Find what computed it before a rerun.",
    )


@dataclass(frozen=True)
class LandedFile:
    """One object of a folder, as S3 lists it."""

    key: str
    size_bytes: int
    etag: str


_LARGEST_LEFT_BY_TEST_BYTES = 1024
_DATA_NAME = re.compile(r".*LOAD.*|.*\.(parquet|csv|gz)", re.IGNORECASE)


def may_be_left_by_test(folder: Folder, file: LandedFile) -> bool:
    """Whether DMS's test of the endpoint's connection may have left *file*. Never true of a file that holds rows.

    No document says that a test leaves anything, or under which name (docs/decisions/0018). So: at most a kilobyte, and
    beside the schemas' folders, while a load writes two folders deeper; or the empty object that marks a folder.

    >>> folder = Folder("a", "full", "r", 1)
    >>> [may_be_left_by_test(folder, LandedFile(f"a/full/r/000001/{key}", 9, "e")) for key in ("x", "public/t/x")]
    [True, False]
    """
    rest = file.key.removeprefix(f"{folder.prefix}/")
    if rest in {file.key, MANIFEST} or _DATA_NAME.fullmatch(rest):
        return False
    is_folder = rest.endswith("/") or not rest
    is_beside = "/" not in rest.removesuffix("/")
    return is_beside and file.size_bytes <= (0 if is_folder else _LARGEST_LEFT_BY_TEST_BYTES)


def sort_files(
    folder: Folder, names: Iterable[TableName], files: Iterable[LandedFile]
) -> tuple[dict[TableName, list[LandedFile]], list[LandedFile]]:
    """The files of each table, by the folder's mode (every name has an entry), and the strays that belong to none.

    >>> folder, t = Folder("a", "full", "r", 1), TableName("public", "t")
    >>> keys = ["a/full/r/000001/public/t/LOAD00000001.parquet", "a/full/r/000001/x"]
    >>> by_table, strays = sort_files(folder, [t], [LandedFile(key, 9, "etag") for key in keys])
    >>> len(by_table[t]), [file.key for file in strays]
    (1, ['a/full/r/000001/x'])
    """
    file_name = _LOAD_FILE if folder.mode == "full" else _CHANGE_FILE
    prefixes = {folder.table_prefix(name): name for name in names}
    by_table: dict[TableName, list[LandedFile]] = {name: [] for name in prefixes.values()}
    strays = []
    for file in files:
        name = next((prefixes[prefix] for prefix in _parents(file.key) if prefix in prefixes), None)
        if name is not None and file_name.fullmatch(file.key.removeprefix(folder.table_prefix(name))):
            by_table[name].append(file)
        elif file.key != folder.manifest_key:
            strays.append(file)
    return by_table, strays


def _parents(key: str) -> list[str]:
    """Every prefix of *key* that ends in a slash, longest first: names at a source may hold slashes themselves."""
    return [key[: position + 1] for position in range(len(key) - 1, -1, -1) if key[position] == "/"]
