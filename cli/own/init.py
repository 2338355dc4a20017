"""`fleet init`: a registry for databases of one's own."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

import click

from cli.options import Text, json_option
from cli.own import secrets
from cli.own.addresses import PORTS, Address, choose_ssl_mode, read_address
from cli.own.asking import ask_schemas
from cli.own.new_registry import name_databases, name_servers, registry_files, require_alike, secret_name
from cli.own.options import OWN_REGISTRY, is_default, own_registry_option, secrets_option
from cli.sample_registry import SAMPLE_REGISTRY
from fleet.databases import Engine
from fleet.errors import MalformedInputError
from fleet.failures import CLASSES, Failure
from fleet.sentences import end_sentence
from onboarding.reader import DATABASES_FILE, FAMILIES_FILE, SERVERS_FILE, SETTINGS_FILE, read_registry
from onboarding.schemas import FOLDER as SCHEMA_FOLDER

_ENGINES: tuple[Engine, ...] = ("postgresql", "mysql", "mariadb", "sqlserver")
_OTHERWISE = {"postgresql": "public", "sqlserver": "dbo"}


@click.command(
    epilog="""\b
Examples:
  fleet init                                                   asks for engine, host, database and login
  fleet init postgresql://reader@db.example.com/shop           asks for the password
  fleet init mariadb://reader@localhost/crm postgresql://reader@localhost/shop
  fleet init postgresql://reader@db/shop --registry teams/shop --secrets ~/shop.json
"""
)
@click.argument("urls", metavar="[URL]...", nargs=-1, type=Text())
@own_registry_option
@secrets_option
@json_option
def init(urls: tuple[str, ...], registry: Path, secrets_file: Path, as_json: bool) -> int:
    """Write a registry for databases of your own, with the comments that explain each field.

    A URL is written as for psql: postgresql://LOGIN@HOST:PORT/DATABASE, or mysql://, mariadb://, mssql://. Logins and
    passwords go to the file of secrets, never to the registry. The source is asked which schemas it has.

    Then: `fleet try`.
    """
    _require_new(registry)
    can_ask = sys.stdin.isatty()
    if not urls and not can_ask:
        raise MalformedInputError(
            "no URL of a database is given, and there is no terminal to ask on.",
            remedy="For instance: fleet init postgresql://reader@db.example.com/shop",
        )
    addresses = [read_address(url) for url in urls] or [_ask_address()]
    addresses = [_with_password(one, can_ask=can_ask) for one in dict.fromkeys(addresses)]
    require_alike(addresses)
    servers = name_servers(addresses)
    logins = {secret_name(servers[one]): secrets.document(one) for one in addresses}
    secrets.write_file(secrets_file, logins)
    schemas, unasked = _find_schemas(addresses)
    sample = {
        name: (SAMPLE_REGISTRY / name).read_text("utf-8")
        for name in (SETTINGS_FILE, SERVERS_FILE, FAMILIES_FILE, DATABASES_FILE)
    }
    registry.mkdir(parents=True, exist_ok=True)
    for name, text in registry_files(sample, addresses, schemas).items():
        (registry / name).write_text(text, encoding="utf-8")
    shutil.copytree(SAMPLE_REGISTRY / SCHEMA_FOLDER, registry / SCHEMA_FOLDER)  # for editors
    read_registry(registry, {})  # what was written holds
    ids = name_databases(addresses)
    if as_json:
        written = {
            "registry": str(registry),
            "secrets": str(secrets_file),
            "databases": {ids[one]: list(schemas[one]) for one in addresses},
            "not_asked": {ids[one]: failure.text for one, failure in unasked.items()},
        }
        click.echo(json.dumps(written, ensure_ascii=False))
        return 0
    for one in addresses:
        click.echo(f"{ids[one]}: schemas {', '.join(schemas[one])}")
    for one, failure in unasked.items():
        remedy = CLASSES[failure.failure_class].remedy
        click.echo(f"{ids[one]} was not asked which schemas it has: {end_sentence(failure.text)} {remedy}", err=True)
    click.echo(f"\nRegistry: {registry}/ (databases.yaml, families.yaml, servers.yaml, settings.yaml)")
    click.echo(f"Logins:   {secrets_file} (for your eyes alone)")
    click.echo(f"Next:     fleet try{_options(registry, secrets_file)}")
    return 0


def _require_new(registry: Path) -> None:
    if registry.exists() and (not registry.is_dir() or any(registry.iterdir())):
        raise MalformedInputError(
            f"{registry} is there already.",
            remedy="Name another with --registry, or add the database to its databases.yaml by hand.",
        )


def _ask_address() -> Address:
    engine: Engine = click.prompt("Engine", type=click.Choice(_ENGINES), default="postgresql")
    host = click.prompt("Host", default="localhost", type=Text())
    port = click.prompt("Port", default=PORTS[engine], type=click.IntRange(1, 65_535))
    database = click.prompt("Database", type=Text())
    username = click.prompt("Login that may read it", type=Text())
    return Address(engine, host, port, database, username, ssl_mode=choose_ssl_mode(engine, host))


def _with_password(address: Address, *, can_ask: bool) -> Address:
    if address.password:
        return address
    if not can_ask:
        raise MalformedInputError(
            f"the URL of {address.database} on {address.host} has no password, and there is no terminal to ask on.",
            remedy="Write it into the URL, percent-encoded: postgresql://LOGIN:PASSWORD@HOST/DATABASE",
        )
    asked = click.prompt(f"Password of {address.username} on {address.host}", hide_input=True)
    return replace(address, password=asked)


def _find_schemas(addresses: Sequence[Address]) -> tuple[dict[Address, tuple[str, ...]], dict[Address, Failure]]:
    """The schemas of each, and why a source did not say which it has."""
    schemas: dict[Address, tuple[str, ...]] = {}
    unasked: dict[Address, Failure] = {}
    for one in addresses:
        found = ask_schemas(one, secrets.document(one))
        if isinstance(found, Failure):
            unasked[one] = found
            found = ()
        schemas[one] = found or (_OTHERWISE.get(one.engine, one.database),)
    return schemas, unasked


def _options(registry: Path, secrets_file: Path) -> str:
    """What `fleet try` must be given besides to find both."""
    first = "" if registry == OWN_REGISTRY else f" --registry {quote(str(registry))}"
    return first + ("" if is_default(secrets_file) else f" --secrets {quote(str(secrets_file))}")
