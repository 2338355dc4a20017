"""What entries of the registry say about each other, and a database about itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fleet.blackouts import leave_time
from fleet.databases import Database, Engine, Hosting, Server, TaskProfile
from fleet.dms.endpoints import SSL_MODES
from fleet.errors import DuplicateNameError
from fleet.names import warehouse_schema
from fleet.server_places import count_connections
from fleet.spelling import did_you_mean
from fleet.tables.patterns import any_matches, is_pattern, literal, may_match_within, name_like
from fleet.warehouse_columns import KEEPING_COLUMNS, OWN_NAMES
from onboarding.boundaries import find_out_of_order, find_repeated
from onboarding.column_references import find_leaving_out, note_columns
from onboarding.fields import Entry
from onboarding.findings import FilePlace, Finding

_OWN = {name.upper() for name in OWN_NAMES} | {one.name for columns in KEEPING_COLUMNS.values() for one in columns}
"""Names of our own columns, those of tables that keep deleted rows among them."""
# What DMS reads; of Azure SQL Database, which is none of these, full loads alone. Aurora has two engines.
# Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Introduction.Sources.html (documented).
HOSTINGS: Mapping[Engine, tuple[Hosting, ...]] = {
    "postgresql": ("self-managed", "rds", "aurora"),
    "mysql": ("self-managed", "rds", "aurora"),
    "mariadb": ("self-managed", "rds"),
    "sqlserver": ("self-managed", "rds", "azure-mi"),
}
"""Who may run a server of each engine."""


def note_duplicate_ids(entries: Sequence[Entry[Any]]) -> None:
    """Two entries under one id."""
    _note_twins(
        entries,
        key=lambda fields: fields.get("id"),
        sentence=lambda entry: f"the id `{entry.fields['id']}` is here for the second time",
        remedy="Ids are never shared or reused: choose another.",
        at="id",
    )


def note_shared_sources(entries: Sequence[Entry[Database]]) -> None:
    """Two databases that read one and the same."""
    _note_twins(
        entries,
        key=lambda fields: (fields.get("server"), fields.get("name_at_source")),
        sentence=lambda entry: (
            f"{entry.label}: {entry.fields['name_at_source']!r} of server {entry.fields['server']!r} "
            "is read by another entry already"
        ),
        remedy="Remove one, or mend its `name_at_source`.",
        at="name_at_source",
    )


def note_connections(entry: Entry[Server], databases: Sequence[Entry[Database]], profile: TaskProfile) -> None:
    """A server that does not bear the load of the one of its *databases* that loads most tables at once."""
    most, own = entry.fields.get("connections_at_once"), entry.fields.get("id")
    held = [one for one in databases if own is not None and one.fields.get("server") == own]
    said = [(number, one.label) for one in held if (number := one.fields.get("tables_at_once"))]
    if len(said) < len(held) or not held:
        said.append((profile.tables_at_once, ""))
    tables, label = max(said)
    needed = count_connections(replace(profile, tables_at_once=tables))
    if most is not None and most < needed:
        of, key = (label, "its `tables_at_once`") if label else ("one database", "`profile.tables_at_once`")
        entry.note(
            ("connections_at_once",),
            f": `connections_at_once` is {most}, and the load of {of} opens up to {needed} with "
            f"{key} {tables}. Wanted at least {needed}, or fewer tables at once.",
        )


def note_blackouts(entry: Entry[Server]) -> None:
    """Windows that leave no time in which the server may be read."""
    blackouts = entry.fields.get("blackouts", ())
    if blackouts and not leave_time(blackouts):
        entry.note(("blackouts",), ": `blackouts` leave no time in a week. Leave out a window, or shorten one.")


def _note_twins(
    entries: Sequence[Entry[Any]],
    *,
    key: Callable[[dict[str, object]], Any],
    sentence: Callable[[Entry[Any]], str],
    remedy: str,
    at: str,
) -> None:
    first_places: dict[Any, FilePlace] = {}
    for entry in entries:
        name = key(entry.fields)
        if name is None or (isinstance(name, tuple) and None in name):
            continue
        place = entry.place_at(at)
        if first := first_places.get(name):
            where = f"on line {first.line}" if first.file == place.file else f"in {first.file}:{first.line}"
            text = f"{sentence(entry)}, first {where}. {remedy}"
            entry.file.findings.append(Finding(place.file, place.line, text, DuplicateNameError))
        first_places.setdefault(name, place)


def note_encryption(entry: Entry[Server]) -> None:
    """A server whose connection DMS cannot encrypt as asked for, or not with what is given."""
    engine, mode, certificate = (entry.fields.get(name) for name in ("engine", "ssl_mode", "certificate"))
    if engine is None or mode is None or certificate is None:
        return
    modes = SSL_MODES[engine]
    if mode not in modes:
        text = f": `ssl_mode` is {mode!r}, wanted {' or '.join(map(repr, modes))} with {engine}."
        if ("ssl_mode",) not in entry.places:
            text = f" lacks the key `ssl_mode`, which DMS can only take as {', '.join(modes)} with {engine}."
        remedy = "`verify-...` needs a `certificate`; `none` sends the data as plain text."
        entry.note(("ssl_mode",), f"{text} {remedy}")
    elif mode.startswith("verify") and not certificate:
        text = f": `ssl_mode` is {mode!r} without a `certificate` to compare the server's with."
        remedy = "Import the authority's with `aws dms import-certificate`, and write its ARN."
        entry.note(("ssl_mode",), f"{text} {remedy}")
    elif certificate and not mode.startswith("verify"):
        text = f": `certificate` is given, and `ssl_mode` {mode!r} compares nothing with it."
        entry.note(("certificate",), f"{text} Write `ssl_mode: verify-full`, or remove it.")


def note_hosting(entry: Entry[Server]) -> None:
    """A server of an engine that its `hosting` does not offer."""
    engine, hosting = entry.fields.get("engine"), entry.fields.get("hosting")
    if engine is None or hosting is None or hosting in HOSTINGS[engine]:
        return
    known = " or ".join(map(repr, HOSTINGS[engine]))
    remedy = "Mend one of the two: they decide what `fleet prerequisites` prints."
    entry.note(("hosting",), f": `hosting` is {hosting!r}, wanted {known} with {engine}. {remedy}")


def note_references(entry: Entry[Database], servers: Mapping[str, Engine | None]) -> None:
    """Names in one database that lead nowhere or contradict each other. *servers*: the engine of each by id; empty if
    they could not be read."""
    fields = entry.fields
    server = fields.get("server")
    if server is not None and servers and server not in servers:
        text = f": `server` is {server!r}, wanted one of servers.yaml. {did_you_mean(server, servers)}"
        entry.note(("server",), text)
    _note_schemas(entry)
    schemas = fields.get("schemas")
    if schemas is None:
        return
    engine = servers.get(str(server))
    _note_only_schema(entry, engine, schemas)
    if engine == "mariadb" and fields.get("views", True):
        text = ": DMS moves no views of MariaDB, and `views` is not false. Write `views: false`."
        entry.note(("views",), text)
    for key in ("include", "exclude"):
        _note_patterns(entry, key, schemas)
    _note_nothing_left(entry, schemas)
    _note_parallel_loads(entry, schemas)
    _note_renames(entry, schemas)
    _note_tables(entry, schemas)
    note_columns(entry)


def _note_patterns(entry: Entry[Database], key: str, schemas: Sequence[str]) -> None:
    """Patterns of tables that can match nothing."""
    for place, name in enumerate(entry.fields.get(key, ())):
        if "." not in name or (_is_own(entry, key, place) and not _may_be_in(name, schemas)):
            entry.note(
                (key, place),
                f": `{key}[{place}]` is {name!r}, wanted `schema.table` in one of the database's schemas "
                f"({', '.join(schemas)}), where `*` is any number of characters: `public.log_*`, `*.tmp`. "
                "`schema.?` is what the login is not shown.",
            )


def _note_nothing_left(entry: Entry[Database], schemas: Sequence[str]) -> None:
    """Patterns of `include` of which `exclude` leaves nothing, and of `exclude` that leave nothing of the database."""
    exclude = entry.fields.get("exclude", ())
    for place, name in enumerate(entry.fields.get("include", ())):
        if found := find_leaving_out(entry, "exclude", ("include", place), name_like(name)):
            text = f": `include[{place}]` is {name!r}, all of which `exclude` leaves out by {found!r}."
            entry.note(("include", place), f"{text} `exclude` wins, also one that is inherited: mend one of the two.")
    any_tables = [name_like(f"{literal(schema)}.*") for schema in schemas]
    for place, pattern in enumerate(exclude):
        if any_tables and "." in pattern and all(any_matches(exclude[: place + 1], name) for name in any_tables):
            text = f": `exclude[{place}]` is {pattern!r}, and no table would be left."
            entry.note(("exclude", place), f"{text} Leave out less, or remove the entry.")
            return


def _is_own(entry: Entry[Database], *way: str | int) -> bool:
    """Whether the database says so itself. What it inherits may be for other databases, with other schemas."""
    return entry.place_at(*way).label == entry.label


def _may_be_in(name: str, schemas: Sequence[str]) -> bool:
    """Whether a table of one of *schemas* may have the *name*, which may be a pattern."""
    if is_pattern(name):
        return any(may_match_within(name, schema, ignores_case=False) for schema in schemas)
    return any(name.startswith(f"{schema}.") and len(name) > len(schema) + 1 for schema in schemas)


def _note_schemas(entry: Entry[Database]) -> None:
    schemas = entry.fields.get("schemas")
    if schemas == ():
        text = ": `schemas` is empty, wanted at least one."
        entry.note(("schemas",), f"{text} Name the schemas to read, like `schemas: [public]`.")
    taken: dict[str, str] = {}
    for place, schema in enumerate(schemas or ()):
        # What Snowflake calls it: two schemas that differ only in case would fall together there.
        there = warehouse_schema("x", schema)
        if there in taken:
            text = f": `schemas[{place}]` is {schema!r}, and {taken[there]!r} has the same name in Snowflake."
            entry.note(("schemas", place), f"{text} Keep one of them.", DuplicateNameError)
        taken.setdefault(there, schema)


def _note_only_schema(entry: Entry[Database], engine: Engine | None, schemas: Sequence[str]) -> None:
    """MySQL calls a schema a database: what DMS's mappings name as schema is the database itself."""
    name = entry.fields.get("name_at_source")
    if engine in {"mysql", "mariadb"} and name is not None and schemas and tuple(schemas) != (name,):
        entry.note(
            ("schemas",),
            f": `schemas` is [{', '.join(schemas)}], wanted [{name}]: a database of {engine} has no "
            "schemas but itself. Make an entry for each further database.",
        )


def _note_parallel_loads(entry: Entry[Database], schemas: Sequence[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, load in enumerate(entry.fields.get("parallel_loads", ())):
        name = f"{load.schema}.{load.table}"
        what = f": `parallel_loads[{place}]`"

        def note(key: str, text: str, place: int = place, what: str = what) -> None:
            entry.note(("parallel_loads", place, key), f"{what} {text}")

        if load.schema not in schemas and _is_own(entry, "parallel_loads", place):
            note("schema", f"is for schema {load.schema!r}, wanted one of the database's ({', '.join(schemas)}).")
        if find_leaving_out(entry, "exclude", ("parallel_loads", place), name):
            note("table", f"is for {name}, which `exclude` leaves out. Remove it from one of the two.")
        if (load.schema, load.table) in seen:
            note("table", f"is for {name} again. Put all boundaries into one.")
        seen.add((load.schema, load.table))
        if not load.boundaries:
            note("boundaries", f"gives {name} no boundaries, wanted at least one. One boundary makes two segments.")
        for key in ("schema", "table"):
            if "%" in getattr(load, key):
                remedy = "DMS takes exact names there, and `%` as a wildcard. Load the table whole, or rename it."
                note(key, f"is for {name}, whose {key} holds `%`. {remedy}")
        if repeated := find_repeated(load.boundaries):
            note("boundaries", f"gives {name} the boundary {repeated!r} twice. Each one ends a segment: keep one.")
        elif pair := find_out_of_order(load.boundaries):
            remedy = "Each is the upper bound of its range: write them in rising order, or rows are read twice."
            note("boundaries", f"gives {name} the boundary {pair[1]!r} after {pair[0]!r}. {remedy}")


def _note_renames(entry: Entry[Database], schemas: Sequence[str]) -> None:
    renamed: set[tuple[str, str, str]] = set()
    taken: set[tuple[str, str, str]] = set()
    for place, one in enumerate(entry.fields.get("renames", ())):
        name, what = f"{one.schema}.{one.table}", f": `renames[{place}]`"

        def note(key: str, text: str, place: int = place, what: str = what) -> None:
            entry.note(("renames", place, key), f"{what} {text}")

        if one.schema not in schemas and _is_own(entry, "renames", place):
            note("schema", f"is for schema {one.schema!r}, wanted one of the database's ({', '.join(schemas)}).")
        if find_leaving_out(entry, "exclude", ("renames", place), name):
            note("table", f"is for {name}, which `exclude` leaves out. Remove it from one of the two.")
        if one.to.upper() in _OWN:
            note("to", f"gives {name} a column {one.to!r}, a name that we add to tables. Choose another.")
        elif one.to.upper() == one.column.upper():
            note("to", f"gives column {one.column!r} of {name} the name that it has; case makes no difference here.")
        elif (one.schema, one.table, one.to.upper()) in taken:
            note("to", f"gives {name} a second column {one.to!r}. Choose another.")
        taken.add((one.schema, one.table, one.to.upper()))
        if (one.schema, one.table, one.column) in renamed:
            note("column", f"is for column {one.column!r} of {name} again. Keep one: DMS applies one rule to a column.")
        renamed.add((one.schema, one.table, one.column))


def _note_tables(entry: Entry[Database], schemas: Sequence[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, rules in enumerate(entry.fields.get("tables", ())):
        name = f"{rules.schema}.{rules.table}"
        if rules.schema not in schemas and _is_own(entry, "tables", place):
            text = f"is for schema {rules.schema!r}, wanted one of the database's ({', '.join(schemas)})."
            entry.note(("tables", place, "schema"), f": `tables[{place}]` {text}")
        if (rules.schema, rules.table) in seen:
            entry.note(("tables", place, "table"), f": `tables[{place}]` is for {name} again. Put it into one.")
        seen.add((rules.schema, rules.table))
