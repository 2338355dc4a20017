"""The registry: three YAML files and the environment's flags, read and checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fleet.databases import Database, Registry, Server, Settings, TaskProfile
from fleet.errors import EmptyRegistryError, QuotaExceededError, RegistryError
from fleet.quota_use import require_size
from onboarding.fields import Entry, read_entry
from onboarding.findings import Finding, in_order, raise_findings
from onboarding.flags import read_flags
from onboarding.nodes import RegistryFile, compose, shown
from onboarding.references import (
    note_connections,
    note_duplicate_ids,
    note_encryption,
    note_references,
    note_shared_sources,
)
from onboarding.settings_references import note_settings

T = TypeVar("T")

SETTINGS_FILE = "settings.yaml"
SERVERS_FILE = "servers.yaml"
DATABASES_FILE = "databases.yaml"


@dataclass(frozen=True)
class Entries:
    """What was read of a registry, and where each value is. *flags*: of the environment, by database.

    *findings*: what is to be mended; whatever they are about may be missing in the entries.
    """

    settings: Entry[Settings]
    servers: tuple[Entry[Server], ...]
    databases: tuple[Entry[Database], ...]
    flags: Mapping[str, bool]
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
    entries = read_entries(folder, environment)
    if entries.findings:
        return in_order(entries.findings)
    try:
        entries.build()
    except QuotaExceededError as error:
        return (Finding(str(folder / DATABASES_FILE), 0, str(error)),)
    return ()


def read_entries(folder: Path, environment: Mapping[str, str]) -> Entries:
    """All that the registry in *folder* says, right or wrong."""
    findings: list[Finding] = []
    settings, settings_source = _read_settings(folder, findings)
    servers = _read_servers(folder, settings.fields.get("profile"), findings)
    databases = _read_databases(folder, servers, findings)
    note_settings(settings, databases, settings_source)
    flags: dict[str, bool] = {}
    if databases:
        ids = [entry.fields["id"] for entry in databases if "id" in entry.fields]
        # A database whose id could not be read may be the one that a flag means: only say so with all ids at hand.
        flags, wrong_flags = read_flags(environment, ids)
        findings += wrong_flags if len(ids) == len(databases) else ()
    return Entries(settings, tuple(servers), tuple(databases), flags, tuple(findings))


def _flagged(database: Database, flags: Mapping[str, bool]) -> Database:
    return replace(database, onboarded=flags.get(database.id, database.onboarded))


def _read_settings(folder: Path, findings: list[Finding]) -> tuple[Entry[Settings], RegistryFile]:
    file = RegistryFile(str(folder / SETTINGS_FILE), findings)
    root = _root(folder / SETTINGS_FILE, file, RegistryError, "Write the keys `prefix`, `account`, `region`, ...")
    if root is None:
        return Entry(Settings, "the settings", 1, complete=False), file
    return read_entry(root, Settings, "the settings", file), file


def _read_servers(folder: Path, profile: TaskProfile | None, findings: list[Finding]) -> list[Entry[Server]]:
    file = RegistryFile(str(folder / SERVERS_FILE), findings)
    root = _root(folder / SERVERS_FILE, file, RegistryError, "Add a server: `- id: ...`.")
    if root is None:
        return []
    entries = _read_list(root, Server, file)
    note_duplicate_ids(entries, file)
    for entry in entries:
        note_encryption(entry, file)
        if profile is not None:
            note_connections(entry, profile, file)
    return entries


def _read_databases(folder: Path, servers: list[Entry[Server]], findings: list[Finding]) -> list[Entry[Database]]:
    file = RegistryFile(str(folder / DATABASES_FILE), findings)
    root = _root(folder / DATABASES_FILE, file, EmptyRegistryError, "Add a database: `- id: ...`.")
    if root is None:
        return []
    entries = _read_list(root, Database, file)
    # With a server's id unread, a database that names it would be blamed for nothing.
    engines = {server.fields["id"]: server.fields.get("engine") for server in servers if "id" in server.fields}
    if len(engines) < len(servers):
        engines = {}
    note_duplicate_ids(entries, file)
    note_shared_sources(entries, file)
    for entry in entries:
        note_references(entry, engines, file)
    return entries


def _root(path: Path, file: RegistryFile, kind: type[RegistryError], remedy: str) -> Node | None:
    found = len(file.findings)
    root = compose(path, file)
    if root is None and len(file.findings) == found:
        file.note(1, f"the file holds nothing. {remedy}", kind)
    elif isinstance(root, SequenceNode) and not root.value:
        file.note(root, f"the list is empty. {remedy}", kind)
        return None
    return root


def _read_list(root: Node, of: type[T], file: RegistryFile) -> list[Entry[T]]:
    if not isinstance(root, SequenceNode):
        file.note(root, f"the file holds {shown(root)}, wanted a list of entries that begin with `- id: ...`.")
        return []
    return [
        read_entry(node, of, _label(node, f"{of.__name__.lower()} {place}"), file)
        for place, node in enumerate(root.value, 1)
    ]


def _label(node: Node, otherwise: str) -> str:
    """What an error calls the entry: its id as written, right or wrong."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, ScalarNode):
                return str(value.value)
    return otherwise
