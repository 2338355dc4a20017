"""The registry: YAML files and the environment's flags, read and checked as a whole.

`settings.yaml`, and lists of servers, families and databases: each list is one file, as `databases.yaml`, or several in
a folder of that name, as `databases/*.yaml`, or both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fleet.databases import Database, Engine, Registry, Server, Settings, TaskProfile
from fleet.errors import EmptyRegistryError, QuotaExceededError, RegistryError
from fleet.quota_use import require_size
from fleet.spelling import did_you_mean
from onboarding.endpoint_references import note_changed_values, note_endpoint_settings
from onboarding.fields import Entry, read_entry, read_part
from onboarding.findings import Finding, in_order, join_inherited, raise_findings
from onboarding.flags import read_flags
from onboarding.layers import OWN, inherit, note_empty_lists
from onboarding.name_ledger import NAMES_FILE, GivenName, find_unlisted, note_reused_names, read_names
from onboarding.nodes import RegistryFile, compose, shown
from onboarding.references import (
    note_blackouts,
    note_connections,
    note_duplicate_ids,
    note_encryption,
    note_hosting,
    note_references,
    note_shared_sources,
)
from onboarding.settings_references import note_settings

SETTINGS_FILE = "settings.yaml"
SERVERS_FILE = "servers.yaml"
FAMILIES_FILE = "families.yaml"
DATABASES_FILE = "databases.yaml"
OF_EVERY_DATABASE = "databases"
"""The section of the settings that says what holds for every database that does not say otherwise."""
OF_THE_PROFILE = tuple({one.name for one in fields(TaskProfile)} & {one.name for one in fields(Database)})
"""What the settings say of every database in their section `profile`."""
_ENDS = (".yaml", ".yml")


@dataclass(frozen=True)
class Entries:
    """What was read of a registry, and where each value is. *flags*: of the environment, by database.

    *families*: what each says, by id. *names*: the ledger of names; None where there is no such file. *findings*: what
    is to be mended; whatever they are about may be missing in the entries.
    """

    settings: Entry[Settings]
    servers: tuple[Entry[Server], ...]
    families: Mapping[str, Entry[Database]]
    databases: tuple[Entry[Database], ...]
    flags: Mapping[str, bool]
    names: Mapping[str, GivenName] | None
    findings: tuple[Finding, ...]

    def build(self) -> Registry:
        """The registry, with the flags in force.

        Raises:
            RegistryError: One error (its subclass, if all findings are of one kind) that lists everything to mend.
            QuotaExceededError: The onboarded databases are more than DMS's quotas hold.
        """
        raise_findings(self.findings)
        servers = sorted((entry.build() for entry in self.servers), key=lambda one: one.id)
        databases = sorted((_flagged(entry.build(), self.flags) for entry in self.databases), key=lambda one: one.id)
        registry = Registry(self.settings.build(), tuple(servers), tuple(databases))
        require_size([database for database in databases if database.onboarded], registry.settings.limits)
        return registry


def read_registry(folder: Path, environment: Mapping[str, str]) -> Registry:
    """The registry in *folder*, with *environment*'s flags in force. Databases and servers come sorted by id.

    Raises:
        RegistryError, QuotaExceededError: As `Entries.build` does.
    """
    return read_entries(folder, environment).build()


def find_wrong(folder: Path, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """All that is to be mended in the registry in *folder*, in the order in which a person mends it."""
    found = read_or_find_wrong(folder, environment)
    return () if isinstance(found, Registry) else found


def read_or_find_wrong(
    folder: Path, environment: Mapping[str, str], *, wants_names: bool = False
) -> Registry | tuple[Finding, ...]:
    """The registry in *folder*; or all that is to be mended there, in the order in which a person mends it.

    *wants_names*: each onboarded database has its line in the ledger of names, if there is one.
    """
    entries = read_entries(folder, environment)
    findings = entries.findings
    if wants_names and not findings and entries.names is not None:
        findings = find_unlisted(entries.databases, entries.flags, entries.names)
    if findings:
        return in_order(findings)
    try:
        return entries.build()
    except QuotaExceededError as error:
        return (Finding(str(folder / DATABASES_FILE), 0, str(error)),)


def read_entries(folder: Path, environment: Mapping[str, str]) -> Entries:
    """All that the registry in *folder* says, right or wrong."""
    findings: list[Finding] = []
    settings, of_every = _read_settings(folder, findings)
    servers = _read_servers(folder, findings)
    families = _read_families(folder, findings)
    databases = _read_databases(folder, servers, families, of_every, findings)
    names = _read_names(folder, findings)
    note_reused_names(databases, names or {}, str(folder / NAMES_FILE))
    for server in servers:
        note_changed_values(server, databases)
        if (profile := settings.fields.get("profile")) is not None:
            note_connections(server, databases, profile)
    note_settings(settings, servers, databases)
    _note_strangers(folder, findings)
    flags: dict[str, bool] = {}
    if databases:
        ids = [entry.fields["id"] for entry in databases if "id" in entry.fields]
        # A database whose id could not be read may be the one that a flag means: only say so with all ids at hand.
        flags, wrong_flags = read_flags(environment, ids)
        findings += wrong_flags if len(ids) == len(databases) else ()
    return Entries(settings, tuple(servers), families, tuple(databases), flags, names, join_inherited(findings))


def list_files(folder: Path, file: str) -> list[Path]:
    """The files in *folder* that hold the list of *file*, as `databases.yaml`, whether they are there or not."""
    one = folder / file
    several = sorted(path for path in one.with_suffix("").glob("*") if path.suffix in _ENDS)
    return [one, *several] if one.exists() or not several else several


def _read_names(folder: Path, findings: list[Finding]) -> dict[str, GivenName] | None:
    """The ledger of names; None where there is none yet."""
    file = RegistryFile(str(folder / NAMES_FILE), findings)
    try:
        return read_names((folder / NAMES_FILE).read_text(encoding="utf-8"), file)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        file.note(0, f"the file cannot be read: {error}. Save it as UTF-8.")
        return None


def _note_strangers(folder: Path, findings: list[Finding]) -> None:
    """Files of YAML that nobody reads: what they say would be missed, and nobody would know."""
    lists = (SERVERS_FILE, FAMILIES_FILE, DATABASES_FILE)
    known = (SETTINGS_FILE, *lists, *(Path(file).stem for file in lists))
    for path in sorted(folder.glob("*")):
        holds_yaml = any(one.suffix in _ENDS for one in path.glob("*")) if path.is_dir() else path.suffix in _ENDS
        if holds_yaml and path.name not in known and not path.name.startswith("."):
            text = f"nobody reads it. {did_you_mean(path.name, known)} Rename it, or take it out of the registry."
            findings.append(Finding(str(path), 0, text))


def _flagged(database: Database, flags: Mapping[str, bool]) -> Database:
    return replace(database, onboarded=flags.get(database.id, database.onboarded))


def _read_settings(folder: Path, findings: list[Finding]) -> tuple[Entry[Settings], Entry[Database] | None]:
    """The settings, and what they say of every database."""
    file = RegistryFile(str(folder / SETTINGS_FILE), findings)
    root = _root(folder / SETTINGS_FILE, file, RegistryError, "Write the keys `prefix`, `account`, `region`, ...")
    if root is None:
        return Entry(Settings, "the settings", 1, file, complete=False), None
    settings = read_entry(root, Settings, "the settings", file, [OF_EVERY_DATABASE])
    pairs = root.value if isinstance(root, MappingNode) else []
    section = next((value for key, value in pairs if key.value == OF_EVERY_DATABASE), None)
    if section is None:
        return settings, None
    label = f"the settings: `{OF_EVERY_DATABASE}`"
    return settings, read_part(section, Database, label, file, (*OWN, *OF_THE_PROFILE))


def _read_servers(folder: Path, findings: list[Finding]) -> list[Entry[Server]]:
    entries = [
        read_entry(node, Server, label, file)
        for node, label, file in _read_lists(folder, SERVERS_FILE, "server", findings, RegistryError)
    ]
    note_duplicate_ids(entries)
    for entry in entries:
        note_encryption(entry)
        note_hosting(entry)
        note_blackouts(entry)
        note_endpoint_settings(entry)
    return entries


def _read_families(folder: Path, findings: list[Finding]) -> dict[str, Entry[Database]]:
    """What each family says of its databases, by the family's id."""
    without = tuple(name for name in OWN if name != "id")
    entries = [
        read_part(node, Database, label if label.startswith("family ") else f"family {label}", file, without)
        for node, label, file in _read_lists(folder, FAMILIES_FILE, "family", findings, None)
    ]
    for entry in entries:
        if ("id",) not in entry.places:
            entry.note((), " lacks the key `id`. Add `id: ...`.")
    note_duplicate_ids(entries)
    return {entry.fields.pop("id"): entry for entry in entries if "id" in entry.fields}


def _read_databases(
    folder: Path,
    servers: list[Entry[Server]],
    families: Mapping[str, Entry[Database]],
    of_every: Entry[Database] | None,
    findings: list[Finding],
) -> list[Entry[Database]]:
    entries = [
        read_part(node, Database, label, file)
        for node, label, file in _read_lists(folder, DATABASES_FILE, "database", findings, EmptyRegistryError)
    ]
    # With a server's id unread, a database that names it would be blamed for nothing.
    engines = {server.fields["id"]: server.fields.get("engine") for server in servers if "id" in server.fields}
    if any("id" not in server.fields for server in servers):
        engines = {}
    for of_family in families.values():
        note_empty_lists(of_family, [] if of_every is None else [of_every])
    for entry in entries:
        family = entry.fields.get("family", "")
        if family and family not in families:
            entry.note(
                ("family",), f": `family` is {family!r}, wanted one of families.yaml. {did_you_mean(family, families)}"
            )
        inherit(entry, [layer for layer in (families.get(family), of_every) if layer is not None])
        _derive(entry, engines)
        entry.fill()
    note_duplicate_ids(entries)
    note_shared_sources(entries)
    for entry in entries:
        note_references(entry, engines)
    return entries


def _derive(entry: Entry[Database], engines: Mapping[str, Engine | None]) -> None:
    """What follows from other fields where nobody says it: a database is called by its id at its server, and has no
    schema but itself where its engine knows none."""
    values = entry.fields
    if ("name_at_source",) not in entry.places and ("id",) in entry.places:
        if "id" in values:
            values["name_at_source"] = values["id"]
        else:
            entry.places[("name_at_source",)] = entry.places[("id",)]  # refused there
    engine = engines.get(values.get("server", ""))
    if engine in {"mysql", "mariadb"} and ("schemas",) not in entry.places and "name_at_source" in values:
        values["schemas"] = (values["name_at_source"],)


def _root(path: Path, file: RegistryFile, kind: type[RegistryError], remedy: str) -> Node | None:
    found = len(file.findings)
    root = compose(path, file)
    if root is None and len(file.findings) == found:
        file.note(1, f"the file holds nothing. {remedy}", kind)
    elif isinstance(root, SequenceNode) and not root.value:
        file.note(root, f"the list is empty. {remedy}", kind)
        return None
    return root


def _read_lists(
    folder: Path, name: str, of: str, findings: list[Finding], kind: type[RegistryError] | None
) -> Iterator[tuple[Node, str, RegistryFile]]:
    """The entries of the lists in the files of *name*, each with what an error calls it and its file.

    *kind*: of the error if there are none; None where there need not be any.
    """
    for path in list_files(folder, name):
        file = RegistryFile(str(path), findings)
        if kind is None and not path.exists():
            continue
        root = compose(path, file) if kind is None else _root(path, file, kind, f"Add a {of}: `- id: ...`.")
        if root is None:
            continue
        if not isinstance(root, SequenceNode):
            file.note(root, f"the file holds {shown(root)}, wanted a list of entries that begin with `- id: ...`.")
            continue
        for place, node in enumerate(root.value, 1):
            yield node, _label(node, f"{of} {place}"), file


def _label(node: Node, otherwise: str) -> str:
    """What an error calls the entry: its id as written, right or wrong."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, ScalarNode):
                return str(value.value)
    return otherwise
