"""One's own registry as it can be run on this machine, where account, keys and certificates of AWS are not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cli.own.new_registry import secret_name
from cli.own.secrets import Secrets
from fleet.databases import Registry
from fleet.errors import MalformedInputError
from fleet.quarantine import describe_quarantine, find_quarantine
from localcloud.account import ACCOUNT, REGION


def choose(fleet: Registry, names: Sequence[str], at: datetime | None = None) -> Registry:
    """*fleet* with the databases of those *names*, or with all that are onboarded and in no quarantine *at* that time;
    and their servers alone. Without *at*, quarantines are left to the runs.

    Raises:
        UnknownDatabaseError: A name is not in the registry.
        MalformedInputError: None is chosen, one is in quarantine, or a server wants a connection that is not emulated.
    """
    named = [fleet.database(name) for name in dict.fromkeys(names)]
    quarantines = {one.id: find_quarantine(one, at) for one in fleet.databases} if at else {}
    held = {name: found for name, found in quarantines.items() if found is not None}
    for one in named:
        if one.id in held:
            text = describe_quarantine(one.id, held[one.id]).text
            raise MalformedInputError(text, remedy="Try it after that day, or take `quarantined` out of the registry.")
    chosen = named or [one for one in fleet.databases if one.onboarded and one.id not in held]
    if not chosen:
        raise MalformedInputError(
            "no database of the registry is onboarded, or all are in quarantine.",
            remedy="Name one, or set `onboarded: true` in databases.yaml.",
        )
    used = {one.server for one in chosen}
    servers = tuple(one for one in fleet.servers if one.id in used)
    for server in servers:
        if server.ssl_mode not in {"none", "require"}:
            raise MalformedInputError(
                f"server {server.id!r} has `ssl_mode: {server.ssl_mode}`, whose certificate lies in AWS.",
                remedy="Try it with a copy of the registry that says require or none, over a network that you trust.",
            )
    return replace(fleet, servers=servers, databases=tuple(replace(one, onboarded=True) for one in chosen))


def for_this_machine(fleet: Registry, logins: Secrets) -> tuple[Registry, Secrets]:
    """*fleet* in the account of the local cloud, and *logins* by the names that secrets have there. It does no deltas:
    these would leave a slot at a real source, or write its mark.
    """
    settings = replace(fleet.settings, account=ACCOUNT, region=REGION)
    servers = tuple(replace(one, secret=secret_name(one.id), secret_key="") for one in fleet.servers)
    renamed = {secret_name(one.id): logins[one.secret] for one in fleet.servers}
    databases = tuple(replace(one, deltas=False) for one in fleet.databases)
    return replace(fleet, settings=settings, servers=servers, databases=databases), renamed
