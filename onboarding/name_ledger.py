"""The ledger of names: which id was given to which source, for ever.

An id names folders, tables in Snowflake and history. Given to another source, it would mix the rows of two databases,
long after the first has left the registry. So the repository keeps a line for each id that ever took part in runs:
`names.csv`, in which a line is added and none is taken away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fleet.databases import Database
from fleet.errors import DuplicateNameError
from onboarding.fields import Entry
from onboarding.findings import Finding
from onboarding.nodes import RegistryFile

NAMES_FILE = "names.csv"
COLUMNS = ("id", "server", "name_at_source", "first_seen_on")
_HEAD = ",".join(COLUMNS)


@dataclass(frozen=True)
class GivenName:
    """An id, and the source that it was given to. *line*: of the file; 0 if it is not there yet."""

    id: str
    server: str
    name_at_source: str
    first_seen_on: date
    line: int = 0

    @property
    def source(self) -> tuple[str, str]:
        """The server, and what that calls the database."""
        return self.server, self.name_at_source


def read_names(text: str, file: RegistryFile) -> dict[str, GivenName]:
    """The lines of *text* by id; what is wrong is noted in *file*, and left out.

    >>> text = "id,server,name_at_source,first_seen_on\\nshop,erp-1,Shop,2026-12-01\\n"
    >>> read_names(text, RegistryFile("names.csv"))["shop"].source
    ('erp-1', 'Shop')
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    found: dict[str, GivenName] = {}
    line = 1
    try:
        for cells in reader:
            if line == 1 and tuple(cells) != COLUMNS:
                file.note(1, f"the first line is {','.join(cells)!r}, wanted {_HEAD!r}. Write it there.")
                return {}
            if line > 1 and cells:
                _read_line(cells, line, found, file)
            line = reader.line_num + 1
    except csv.Error as error:
        file.note(line, f"this is not CSV: {error}. Mend the quotes.")
    return found


def _read_line(cells: Sequence[str], line: int, found: dict[str, GivenName], file: RegistryFile) -> None:
    """Add what *cells* say to *found*, or a note to *file*."""
    if len(cells) != len(COLUMNS) or not all(cells):
        filled = sum(cell != "" for cell in cells)
        file.note(line, f"the line has {filled} of {len(COLUMNS)} values, wanted {_HEAD}. Mend it; never remove one.")
        return
    name, server, name_at_source, day = cells
    try:
        given = GivenName(name, server, name_at_source, date.fromisoformat(day), line)
    except ValueError:
        file.note(line, f"{name}: `first_seen_on` is {day!r}, wanted a day like 2026-12-01. Mend it.")
        return
    if name in found:
        remedy = "Keep the one that is true: an id is given to one database, for ever."
        file.note(
            line,
            f"the id `{name}` is here for the second time, first on line {found[name].line}. {remedy}",
            DuplicateNameError,
        )
        return
    found[name] = given


def add_names(text: str, databases: Iterable[Database], on: date) -> str:
    """*text*, a ledger that can be read or nothing, with a line for each of *databases* that has none; sorted by id,
    so that two branches that add lines seldom meet.

    >>> shop = Database("shop", "erp-1", "Shop, old", "one", ("dbo",))
    >>> print(add_names("", [shop], date(2026, 12, 1)), end="")
    id,server,name_at_source,first_seen_on
    shop,erp-1,"Shop, old",2026-12-01
    """
    found = read_names(text, RegistryFile(NAMES_FILE)) if text else {}
    new = {one.id: GivenName(one.id, one.server, one.name_at_source, on) for one in databases if one.id not in found}
    if not new:
        return text
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for _, one in sorted((found | new).items()):
        writer.writerow((one.id, *one.source, one.first_seen_on.isoformat()))
    return written.getvalue()


def note_reused_names(entries: Iterable[Entry[Database]], names: Mapping[str, GivenName], where: str) -> None:
    """Databases under an id that the ledger gives to another source. *where*: what a finding calls the ledger."""
    for entry in entries:
        given = names.get(entry.fields.get("id", ""))
        source = (entry.fields.get("server"), entry.fields.get("name_at_source"))
        if given is None or None in source or source == given.source:
            continue
        entry.note(
            ("id",),
            f": the id is for {source[1]!r} of server {source[0]!r} here, and was given to {given.name_at_source!r} of "
            f"server {given.server!r} ({where}:{given.line}, {given.first_seen_on}), whose rows and history it names. "
            "Choose another id. Only if it is the same database, moved or renamed, change that line on purpose.",
            DuplicateNameError,
        )


def find_unlisted(
    entries: Iterable[Entry[Database]], flags: Mapping[str, bool], names: Mapping[str, GivenName]
) -> tuple[Finding, ...]:
    """Databases of *entries*, which are right, that are onboarded and have no line among *names*."""
    found: list[Finding] = []
    for entry in entries:
        name = entry.fields["id"]
        if name not in names and flags.get(name, entry.fields["onboarded"]):
            place = entry.place_at("id")
            text = f"{name}: it is onboarded, and {NAMES_FILE} has no line for it."
            found.append(Finding(place.file, place.line, f"{text} Run `fleet onboard {name}`, which adds one."))
    return tuple(found)
