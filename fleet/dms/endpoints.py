"""What a database's S3 endpoint must say before a task may start on it, and where it differs.

Source: botocore's model of DMS's `S3Settings` (docs/facts/dms.md 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.databases import Database, Engine, Server, Settings, SslMode
from fleet.dms.endpoint_settings import connection_attributes, find_other_setting
from fleet.failures import Failure
from fleet.folders import Folder, judge_prefix
from fleet.names import ENDPOINT_ROLE_PATH, endpoint_role_name

TIMESTAMP_COLUMN = "_fleet_at"
"""The column that DMS adds to every row: the task's start for a full load, the commit's time for a change."""
OPERATION_COLUMN = "Op"
"""The column that DMS puts first in every file (`IncludeOpForFullLoad`): I, U or D."""


def endpoint_role_arn(settings: Settings, database: str) -> str:
    """The role DMS assumes to write *database*'s prefix, and nothing else's."""
    name = endpoint_role_name(settings.prefix, database)
    return f"arn:aws:iam::{settings.account}:role{ENDPOINT_ROLE_PATH}{name}"


# Source: BC:CreateEndpointMessage.EngineName and the settings that belong to each engine.
_SOURCES: Mapping[Engine, tuple[str, str]] = {
    "postgresql": ("postgres", "PostgreSQLSettings"),
    "mysql": ("mysql", "MySQLSettings"),
    "mariadb": ("mariadb", "MySQLSettings"),
    "sqlserver": ("sqlserver", "MicrosoftSQLServerSettings"),
}

_MYSQL_MODES: tuple[SslMode, ...] = ("none", "verify-ca", "verify-full")
SSL_MODES: Mapping[Engine, tuple[SslMode, ...]] = {
    "postgresql": ("none", "require", "verify-ca", "verify-full"),
    "mysql": _MYSQL_MODES,
    "mariadb": _MYSQL_MODES,
    "sqlserver": ("none", "require", "verify-full"),
}
"""How DMS may connect to each engine. `verify-...` needs a certificate that was imported into DMS.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html (documented).
"""


def source_endpoint(server: Server, database: Database, secrets_role_arn: str) -> dict[str, object]:
    """The members of *database*'s source endpoint that its engine decides.

    An endpoint of MySQL or MariaDB names no database: the table mappings do. Source: BC:MySQLSettings.DatabaseName.

    >>> shop = Database("shop", "one", "Shop", "i", ("Shop",))
    >>> made = source_endpoint(Server("one", "mariadb", "secret", ssl_mode="none"), shop, "role")
    >>> made["SslMode"], sorted(made["MySQLSettings"])
    ('none', ['SecretsManagerAccessRoleArn', 'SecretsManagerSecretId'])
    """
    engine, member = _SOURCES[server.engine]
    encryption = {"SslMode": server.ssl_mode, **({"CertificateArn": server.certificate} if server.certificate else {})}
    attributes = connection_attributes(server.engine, server.endpoint_settings)
    extra = {"ExtraConnectionAttributes": attributes} if attributes else {}
    settings = {"SecretsManagerAccessRoleArn": secrets_role_arn, "SecretsManagerSecretId": server.secret}
    if member == "MySQLSettings":
        return {"EngineName": engine, **encryption, **extra, member: settings}
    named = {"DatabaseName": database.name_at_source}
    return {"EngineName": engine, **encryption, **extra, **named, member: {**settings, **named}}


@dataclass(frozen=True)
class FoundSource:
    """How a source endpoint as read back connects, and what else it says: *attributes*, the extra ones of its
    connection, and *members*, the settings of its engine."""

    ssl_mode: str
    attributes: str
    members: Mapping[str, Any]


def read_source(endpoint: Mapping[str, Any]) -> FoundSource:
    """What an endpoint says as DMS describes it.

    >>> read_source({"PostgreSQLSettings": {"ExecuteTimeout": 60}})
    FoundSource(ssl_mode='none', attributes='', members={'ExecuteTimeout': 60})
    """
    members = next((endpoint[member] for _, member in _SOURCES.values() if endpoint.get(member)), {})
    return FoundSource(endpoint.get("SslMode") or "none", endpoint.get("ExtraConnectionAttributes") or "", members)


def judge_source(server: Server, database: str, found: FoundSource) -> Failure | None:
    """A failure, if the source endpoint as read back connects or reads otherwise than the registry says.

    >>> judge_source(Server("one", "postgresql", "secret"), "shop", FoundSource("none", "", {})).name
    'SourceNotAsWanted'
    >>> judge_source(Server("one", "postgresql", "secret"), "shop", FoundSource("require", "executeTimeout=60", {}))
    """
    remedy = "Deploy, so that the endpoint is as the registry says."
    if found.ssl_mode != server.ssl_mode:
        difference = f"SslMode {found.ssl_mode!r}, servers.yaml says {server.ssl_mode!r}"
    elif other := find_other_setting(server.engine, server.endpoint_settings, found.attributes, found.members):
        difference, remedy = other.text, other.remedy
    else:
        return None
    return Failure(
        "not_deployed",
        "SourceNotAsWanted",
        f"{database}'s source endpoint has {difference} for {server.id!r}. Nothing was started. {remedy}",
    )


def s3_settings(settings: Settings, folder: Folder) -> dict[str, object]:
    """The whole of what the S3 endpoint of *folder*'s database says while *folder* is written."""
    return {
        "ServiceAccessRoleArn": endpoint_role_arn(settings, folder.database),
        "BucketName": settings.landing_bucket,
        "BucketFolder": folder.prefix,
        "DataFormat": "parquet",
        # As Terraform's provider spells it: DMS keeps what it was given, and "gzip" would be a change to the next plan.
        "CompressionType": "GZIP",
        "IncludeOpForFullLoad": True,
        "CdcInsertsOnly": False,
        "TimestampColumnName": TIMESTAMP_COLUMN,
        "UseTaskStartTimeForFullLoadTimestamp": True,
    }


_MUST_BE_SHOWN = frozenset({"BucketName", "BucketFolder", "ServiceAccessRoleArn", "DataFormat", "CompressionType"})
_ENUMERATIONS = frozenset({"DataFormat", "CompressionType"})
"""Members whose value DMS gives back in either case and with either separator (docs/facts/dms.md 4.1)."""


def find_difference(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The first member of *wanted* that the endpoint as read back (*found*) does not say, or nothing.

    DMS must show the members that decide where rows land and in which form. Another that it does not show is no
    difference: whether DMS shows every switch is not documented.

    >>> find_difference({"DataFormat": "parquet", "CdcInsertsOnly": False}, {"DataFormat": "PARQUET"})
    ''
    >>> find_difference({"BucketFolder": "a/b"}, {"BucketFolder": "A/B"}), find_difference({"BucketFolder": "a"}, {})
    ('BucketFolder', 'BucketFolder')
    >>> find_difference({"IncludeOpForFullLoad": True}, {"IncludeOpForFullLoad": False})
    'IncludeOpForFullLoad'
    """
    for member, value in wanted.items():
        is_due = member in found or member in _MUST_BE_SHOWN
        if is_due and _plain(member, value) != _plain(member, found.get(member)):
            return member
    return ""


def _plain(member: str, value: object) -> object:
    return str(value).replace("_", "-").lower() if member in _ENUMERATIONS else value


def judge_target(database: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Failure | None:
    """A failure, if the endpoint as read back (*found*) would write elsewhere or otherwise than *wanted*.

    >>> want = {"BucketFolder": "a/full/r/000001", "BucketName": "b"}
    >>> judge_target("a", want, {"BucketFolder": "a/full/r/000002", "BucketName": "b"}).name
    'EndpointNotAsWanted'
    """
    if foreign := judge_prefix(database, str(found.get("BucketFolder", ""))):
        return foreign
    if member := find_difference(wanted, found):
        return Failure(
            "landing_mismatch",
            "EndpointNotAsWanted",
            f"{database}'s S3 endpoint has {member} {found.get(member)!r}, wanted {wanted.get(member)!r}. "
            f"Nothing was started. Someone changed it meanwhile: rerun; find who, if it recurs.",
        )
    return None
