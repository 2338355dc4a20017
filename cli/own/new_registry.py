"""The files of a new registry: entries for one's own databases under the comments of the sample's files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import yaml

from cli.own.addresses import Address, find_hosting
from fleet.errors import MalformedInputError
from fleet.names import DATABASE_ID_CHARACTERS
from onboarding.reader import DATABASES_FILE, FAMILIES_FILE, SERVERS_FILE, SETTINGS_FILE

_ENTRY = re.compile(r"^- ", re.MULTILINE)


def require_alike(addresses: Sequence[Address]) -> None:
    """
    Raises:
        MalformedInputError: Two of *addresses* are one database, or one login of a server with two passwords or modes.

    >>> erp = Address("mysql", "db", 3306, "erp", "reader", "x")
    >>> require_alike([erp, Address("mysql", "db", 3306, "crm", "reader", "y")])
    Traceback (most recent call last):
    fleet.errors.MalformedInputError: the URLs of erp and crm have one login, reader on db, port 3306, and differ in \
its password. Give both the same.
    """
    first: dict[tuple[str, str, int, str], Address] = {}
    seen: set[tuple[tuple[str, str, int, str], str]] = set()
    for one in addresses:
        key = _server_of(one)
        other = first.setdefault(key, one)
        where = f"{one.username} on {one.host}, port {one.port}"
        for what, differs in (
            ("its password", one.password != other.password),
            ("`sslmode`", one.ssl_mode != other.ssl_mode),
        ):
            if differs:
                raise MalformedInputError(
                    f"the URLs of {other.database} and {one.database} have one login, {where}, and differ in {what}.",
                    remedy="Give both the same.",
                )
        if (key, one.database) in seen:
            raise MalformedInputError(
                f"two URLs name the database {one.database}, read by {where}.", remedy="Leave one of them out."
            )
        seen.add((key, one.database))


def name_servers(addresses: Sequence[Address]) -> dict[Address, str]:
    """The id of each database's server. Those with one engine, host, port and login share one.

    >>> shop, crm = (Address("postgresql", "db.example.com", 5432, name, "reader") for name in ("shop", "crm"))
    >>> erp = Address("mariadb", "db.example.com", 3306, "erp", "reader")
    >>> list(name_servers([shop, crm, erp]).values())
    ['db-example-com', 'db-example-com', 'db-example-com-mariadb']
    """
    ids: dict[tuple[str, str, int, str], str] = {}
    for address in addresses:
        key = _server_of(address)
        if key not in ids:
            host = "local-socket" if address.host.startswith("/") else address.host
            wanted = make_id(host, "server", [])
            ids[key] = make_id(f"{host}-{address.engine}" if wanted in ids.values() else host, "server", ids.values())
    return {address: ids[_server_of(address)] for address in addresses}


def name_databases(addresses: Sequence[Address]) -> dict[Address, str]:
    """The id of each database, made of what its server calls it."""
    ids: dict[Address, str] = {}
    for address in addresses:
        ids[address] = make_id(address.database, "database", ids.values())
    return ids


def make_id(name: str, otherwise: str, taken: Collection[str]) -> str:
    """An id for *name*, unlike those that are *taken*.

    >>> make_id("Übergröße & Söhne", "database", []), make_id("2024", "database", []), make_id("shop", "", ["shop"])
    ('bergr-e-s-hne', 'database-2024', 'shop-2')
    """
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not words or not words[0].isalpha():
        words = f"{otherwise}-{words}".strip("-")
    for number in range(1, len(taken) + 2):
        end = f"-{number}" if number > 1 else ""
        found = words[: DATABASE_ID_CHARACTERS - len(end)].rstrip("-") + end
        if found not in taken:
            return found
    raise AssertionError("one of so many is free")


def secret_name(server: str) -> str:
    """What the secret of a server is called, here and in Secrets Manager."""
    return f"fleet/server/{server}"


def registry_files(
    sample: Mapping[str, str], addresses: Sequence[Address], schemas: Mapping[Address, Sequence[str]]
) -> dict[str, str]:
    """The text of each file by its name. *sample*: those of the sample's registry; *schemas*: of each database."""
    servers, databases = name_servers(addresses), name_databases(addresses)
    server_entries = {
        servers[one]: {
            "id": servers[one],
            "engine": one.engine,
            "secret": secret_name(servers[one]),
            "ssl_mode": one.ssl_mode,
            **_hosting(one),
        }
        for one in addresses
    }
    database_entries = [
        {
            "id": databases[one],
            "server": servers[one],
            "name_at_source": one.database,
            "instance": "one",
            "schemas": list(schemas[one]),
            "onboarded": True,
            **({"views": False} if one.engine in {"mysql", "mariadb"} else {}),
        }
        for one in addresses
    ]
    return {
        SETTINGS_FILE: sample[SETTINGS_FILE],
        SERVERS_FILE: _under_comments(sample[SERVERS_FILE], list(server_entries.values())),
        FAMILIES_FILE: _under_comments(sample[FAMILIES_FILE], []),
        DATABASES_FILE: _under_comments(sample[DATABASES_FILE], database_entries),
    }


def _hosting(address: Address) -> dict[str, str]:
    """What the entry of its server says of who runs it: nothing where that is the default."""
    hosting = find_hosting(address.engine, address.host)
    return {} if hosting == "self-managed" else {"hosting": hosting}


def _server_of(address: Address) -> tuple[str, str, int, str]:
    return address.engine, address.host, address.port, address.username


def _under_comments(text: str, entries: Sequence[Mapping[str, object]]) -> str:
    """The comments that *text* begins with, and *entries* below them."""
    first = _ENTRY.search(text)
    assert first is not None  # noqa: S101  the sample has entries
    blocks = (yaml.safe_dump([dict(one)], sort_keys=False, allow_unicode=True) for one in entries)
    return text[: first.start()] + "\n".join(blocks)
