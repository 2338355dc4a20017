"""The URL of a source database, as people write it for psql and other tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from fleet.databases import Engine, Hosting, SslMode
from fleet.errors import MalformedInputError
from fleet.spelling import did_you_mean

_ENGINES: Mapping[str, Engine] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mariadb",
    "mssql": "sqlserver",
    "sqlserver": "sqlserver",
}
PORTS: Mapping[Engine, int] = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "sqlserver": 1433}
"""Where a server of each engine listens, unless it says otherwise."""
# Those of libpq that say for certain whether the connection is encrypted. Source: PostgreSQL's manual, "SSL Support".
_SSL_MODES: Mapping[str, SslMode] = {"disable": "none", "require": "require"}
# Names of a server in each cloud, by what its owner cannot choose. Azure SQL Database, <server>.database.windows.net,
# is none of them. A cluster of Amazon RDS that is not Aurora has such a name too, and parameter groups of clusters.
# Sources: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Overview.Endpoints.html and
# https://learn.microsoft.com/azure/azure-sql/managed-instance/connectivity-architecture-overview (documented).
_HOSTS: tuple[tuple[str, tuple[Engine, ...], Hosting], ...] = (
    (r".+\.cluster-[^.]+\.[^.]+\.rds\.amazonaws\.com", ("postgresql", "mysql"), "aurora"),
    (r".+\.rds\.amazonaws\.com", ("postgresql", "mysql", "mariadb", "sqlserver"), "rds"),
    (r"[^.]+\.(public\.)?(?!privatelink\.)[^.]+\.database\.windows\.net", ("sqlserver",), "azure-mi"),
)
_LOCAL = ("localhost", "127.0.0.1", "::1")
_FORM = "Write it as postgresql://LOGIN@HOST:PORT/DATABASE (or mysql://, mariadb://, mssql://)."


@dataclass(frozen=True)
class Address:
    """One database and who reads it. *host*: a name, an address, or the folder of a Unix socket. *password*: empty
    where it was not given."""

    engine: Engine
    host: str
    port: int
    database: str
    username: str
    password: str = field(default="", repr=False)
    ssl_mode: SslMode = "require"


def read_address(url: str) -> Address:
    """The address that *url* gives. Nothing of it is shown in an error but its scheme and host: it may hold a password.

    Raises:
        MalformedInputError: Something is missing or not understood.

    >>> read_address("postgresql://reader@db.example.com/shop?sslmode=require")
    Address(engine='postgresql', host='db.example.com', port=5432, database='shop', username='reader', \
ssl_mode='require')
    >>> read_address("mariadb://reader:a%2Fb@localhost:3307/shop").password
    'a/b'
    >>> read_address("postgresql://reader@%2Ftmp%2Fserver/shop").host
    '/tmp/server'
    """
    try:
        parts = urlsplit(url)
        host = unquote(parts.hostname or "")
    except ValueError as error:
        raise MalformedInputError(f"that is no URL of a database: {error}.", remedy=_FORM) from None
    port = _read_port(parts)
    engine = _ENGINES.get(parts.scheme)
    if engine is None:
        raise MalformedInputError(
            f"the URL begins with {parts.scheme or url.partition(':')[0]!r}, which is no engine that the fleet reads.",
            remedy=did_you_mean(parts.scheme, _ENGINES) if parts.scheme else _FORM,
        )
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", host)
    where = f"{parts.scheme}://...@{host}/..."
    database, username = unquote(parts.path.lstrip("/")), unquote(parts.username or "")
    for what, value in (("host", host), ("database", database), ("login", username)):
        if not value:
            raise MalformedInputError(f"the URL {where} names no {what}.", remedy=_FORM)
    ssl_mode = _read_ssl_mode(options.pop("sslmode", ""), engine, host, where)
    if options:
        unknown = next(iter(options))
        raise MalformedInputError(
            f"the URL {where} has an option {unknown!r} that is not understood.",
            remedy="Of options it may have `sslmode` and `host`.",
        )
    return Address(
        engine,
        host,
        PORTS[engine] if port is None else port,
        database,
        username,
        unquote(parts.password or ""),
        ssl_mode,
    )


def _read_port(parts: SplitResult) -> int | None:
    """The port in *parts*. Nothing of it is shown: of a password that is not encoded, a part is read as a port.

    Raises:
        MalformedInputError: It is no port, or a part of a login seems to be where none belongs.

    >>> _read_port(urlsplit("postgresql://r:pa#ss@db/shop"))
    Traceback (most recent call last):
    fleet.errors.MalformedInputError: that is no URL of a database: after the host and `:` there is no port of 1 to \
65535, or a password has characters that end it. Write / ? # and @ of a password as %2F %3F %23 %40.
    """
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.fragment or "@" in parts.path:
        raise MalformedInputError(
            "that is no URL of a database: after the host and `:` there is no port of 1 to 65535, or a password has "
            "characters that end it.",
            remedy="Write / ? # and @ of a password as %2F %3F %23 %40.",
        )
    return port


def choose_ssl_mode(engine: Engine, host: str) -> SslMode:
    """How a connection is encrypted where nobody says it: not on this machine, nor where DMS has no `require`.

    >>> choose_ssl_mode("postgresql", "localhost"), choose_ssl_mode("postgresql", "db"), choose_ssl_mode("mysql", "db")
    ('none', 'require', 'none')
    """
    is_local = host in _LOCAL or host.startswith("/")
    return "none" if is_local or engine in {"mysql", "mariadb"} else "require"


def find_hosting(engine: Engine, host: str) -> Hosting:
    """Who runs the server, as the name of its *host* says; its owner, if that says nothing.

    >>> find_hosting("mysql", "shop.cluster-c1.eu-central-1.rds.amazonaws.com"), find_hosting("mysql", "db.example.com")
    ('aurora', 'self-managed')
    >>> find_hosting("sqlserver", "erp.z1.database.windows.net"), find_hosting("sqlserver", "erp.database.windows.net")
    ('azure-mi', 'self-managed')
    >>> find_hosting("sqlserver", "erp.privatelink.database.windows.net")
    'self-managed'
    """
    for pattern, engines, hosting in _HOSTS:
        if engine in engines and re.fullmatch(pattern, host.lower()):
            return hosting
    return "self-managed"


def _read_ssl_mode(word: str, engine: Engine, host: str, where: str) -> SslMode:
    if not word:
        return choose_ssl_mode(engine, host)
    if word not in _SSL_MODES or (word == "require" and engine in {"mysql", "mariadb"}):
        raise MalformedInputError(
            f"the URL {where} says sslmode={word!r}, wanted disable{' or require' if engine == 'postgresql' else ''}.",
            remedy="Leave it out, and set `ssl_mode` and `certificate` in servers.yaml afterwards.",
        )
    return _SSL_MODES[word]
