"""The secrets of one's own servers, on this machine: from the environment, a file or a prompt, never from the registry.

In AWS they lie in Secrets Manager. The file holds the same documents by the same names, so that each can go there as it
is: `{"fleet/server/shop": {"host": "...", "port": 5432, "username": "...", "password": "..."}}`.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from cli.own.addresses import Address, read_address
from cli.own.options import default_secrets
from fleet.databases import Server
from fleet.errors import MalformedInputError
from fleet.failures import Failure
from lambdas.sources.secret import read_secret

Secrets = dict[str, Mapping[str, Any]]
_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_VARIABLE = "FLEET_SECRET_"


def variable_of(server: str) -> str:
    """The variable that holds the URL of a server's login.

    >>> variable_of("shop-db")
    'FLEET_SECRET_SHOP_DB'
    """
    return _VARIABLE + server.replace("-", "_").upper()


def gather(
    servers: Iterable[Server],
    file: Path,
    environment: Mapping[str, str],
    ask: Callable[[Server], Mapping[str, Any]] | None,
) -> Secrets:
    """The secret of each of *servers*, by its name: the variable's, else the file's, else what *ask* gets to know.

    Raises:
        MalformedInputError: One cannot be used, or none is there and nobody can be asked.
    """
    kept = read_file(file)
    found: Secrets = {}
    missing: list[Server] = []
    for server in servers:
        if url := environment.get(variable_of(server.id)):
            found[server.secret] = as_secret(url)
        elif server.secret in kept:
            found[server.secret] = kept[server.secret]
        elif ask is not None:
            found[server.secret] = ask(server)
        else:
            missing.append(server)
    if missing:
        names = ", ".join(f"{one.secret} (or the variable {variable_of(one.id)})" for one in missing)
        raise MalformedInputError(
            f"{file} has no secret {names}.",
            remedy="`fleet init` writes it, with the registry; or add it by hand, or name another file with --secrets.",
        )
    return {name: _checked(name, secret, file) for name, secret in found.items()}


def as_secret(url: str) -> Mapping[str, Any]:
    """The document of the login in *url*, which need not name a database.

    Raises:
        MalformedInputError: It is no URL of a login.
    """
    head, mark, tail = url.partition("?")
    has_path = "/" in head.partition("://")[2]
    return document(read_address(url if has_path else f"{head}/-{mark}{tail}"))


def document(address: Address) -> Mapping[str, Any]:
    """The document of the login at *address*, as DMS reads it from Secrets Manager."""
    return {
        "host": address.host,
        "port": address.port,
        "username": address.username,
        "password": address.password,
    }


def read_file(path: Path) -> Secrets:
    """The secrets in *path*; none where there is no such file.

    Raises:
        MalformedInputError: It lies in a repository, others may read it, or it holds something else.
    """
    if not path.exists():
        return {}
    _require_private(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeError) as error:
        place = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it is no UTF-8"
        raise MalformedInputError(f"{path} is no JSON ({place}).", remedy="Mend it, or move it away.") from None
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise MalformedInputError(
            f"{path} holds something else, wanted a JSON object of secrets by their names.",
            remedy="Mend it, or move it away: `fleet init` writes a new one.",
        )
    return found


def write_file(path: Path, secrets: Mapping[str, Mapping[str, Any]]) -> None:
    """Add *secrets* to those in *path*, for its owner's eyes alone.

    Raises:
        MalformedInputError: As `read_file` does.
    """
    _require_outside(path)
    together = {**read_file(path), **secrets}
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(together, file, indent=1)
    part.replace(path)


def _require_private(path: Path) -> None:
    _require_outside(path)
    if not path.is_file():
        raise MalformedInputError(
            f"{path} is a folder or a device, wanted a file of logins.", remedy="Name a file in it with --secrets."
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _FOR_OTHERS:
        raise MalformedInputError(
            f"{path} has the mode {mode:04o}, so that others may read passwords, wanted 0600.",
            remedy=f"chmod 600 {path}",
        )


def _require_outside(path: Path) -> None:
    folder = next((one for one in path.absolute().parents if (one / ".git").exists()), None)
    if folder is not None:
        raise MalformedInputError(
            f"{path} lies in the repository {folder}, where a commit would publish passwords.",
            remedy=f"Move it out of there, for instance to {default_secrets()}.",
        )


def _checked(name: str, secret: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    read = read_secret(name, {"SecretString": json.dumps(secret)})
    if isinstance(read, Failure):
        raise MalformedInputError(f"{read.text[:-1]} ({file}, or its variable).", remedy="Mend it there.")
    return secret
