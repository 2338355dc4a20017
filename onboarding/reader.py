"""The registry: three YAML files and the environment's flags, read and checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fleet.databases import Database, Registry, Server, Settings, TaskProfile
from fleet.errors import EmptyRegistryError, RegistryError
from fleet.quota_use import require_size
from onboarding.fields import Entry, read_entry
from onboarding.findings import Finding, raise_findings
from onboarding.flags import read_flags
from onboarding.nodes import Source, compose, shown
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


def read_registry(folder: Path, environment: Mapping[str, str]) -> Registry:
    """The registry in *folder*, with *environment*'s flags in force. Databases and servers come sorted by id.

    Raises:
        RegistryError: One error (its subclass, if all findings are of one kind) that lists everything to mend.
        QuotaExceededError: The onboarded databases are more than DMS's quotas hold.
    """
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
    raise_findings(findings)
    registry = Registry(
        settings=settings.build(),
        servers=tuple(sorted((entry.build() for entry in servers), key=lambda server: server.id)),
        databases=tuple(sorted((_flagged(entry.build(), flags) for entry in databases), key=lambda one: one.id)),
    )
    require_size([database for database in registry.databases if database.onboarded], registry.settings.limits)
    return registry


def _flagged(database: Database, flags: Mapping[str, bool]) -> Database:
    return replace(database, onboarded=flags.get(database.id, database.onboarded))


def _read_settings(folder: Path, findings: list[Finding]) -> tuple[Entry[Settings], Source]:
    source = Source(str(folder / SETTINGS_FILE), findings)
    root = _root(folder / SETTINGS_FILE, source, RegistryError, "Write the keys `prefix`, `account`, `region`, ...")
    if root is None:
        return Entry(Settings, "the settings", 1, complete=False), source
    return read_entry(root, Settings, "the settings", source), source


def _read_servers(folder: Path, profile: TaskProfile | None, findings: list[Finding]) -> list[Entry[Server]]:
    source = Source(str(folder / SERVERS_FILE), findings)
    root = _root(folder / SERVERS_FILE, source, RegistryError, "Add a server: `- id: ...`.")
    if root is None:
        return []
    entries = _read_list(root, Server, source)
    note_duplicate_ids(entries, source)
    for entry in entries:
        note_encryption(entry, source)
        if profile is not None:
            note_connections(entry, profile, source)
    return entries


def _read_databases(folder: Path, servers: list[Entry[Server]], findings: list[Finding]) -> list[Entry[Database]]:
    source = Source(str(folder / DATABASES_FILE), findings)
    root = _root(folder / DATABASES_FILE, source, EmptyRegistryError, "Add a database: `- id: ...`.")
    if root is None:
        return []
    entries = _read_list(root, Database, source)
    # With a server's id unread, a database that names it would be blamed for nothing.
    engines = {server.fields["id"]: server.fields.get("engine") for server in servers if "id" in server.fields}
    if len(engines) < len(servers):
        engines = {}
    note_duplicate_ids(entries, source)
    note_shared_sources(entries, source)
    for entry in entries:
        note_references(entry, engines, source)
    return entries


def _root(path: Path, source: Source, kind: type[RegistryError], remedy: str) -> Node | None:
    found = len(source.findings)
    root = compose(path, source)
    if root is None and len(source.findings) == found:
        source.note(1, f"the file holds nothing. {remedy}", kind)
    elif isinstance(root, SequenceNode) and not root.value:
        source.note(root, f"the list is empty. {remedy}", kind)
        return None
    return root


def _read_list(root: Node, of: type[T], source: Source) -> list[Entry[T]]:
    if not isinstance(root, SequenceNode):
        source.note(root, f"the file holds {shown(root)}, wanted a list of entries that begin with `- id: ...`.")
        return []
    return [
        read_entry(node, of, _label(node, f"{of.__name__.lower()} {place}"), source)
        for place, node in enumerate(root.value, 1)
    ]


def _label(node: Node, otherwise: str) -> str:
    """What an error calls the entry: its id as written, right or wrong."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == "id" and isinstance(value, ScalarNode):
                return str(value.value)
    return otherwise
