"""Which engines an endpoint can have here, on which side, and which of their settings change what is read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.dms.engines.attributes import read_attributes
from localcloud.in_process_transport import AwsError, NotEmulatedError

_SECRET = ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
_CLEAR_TEXT = frozenset({"Username", "Password", "ServerName", "Port"})


@dataclass(frozen=True)
class SupportedEngine:
    """*settings*: the member that holds its settings. *only*: settings that would change what is read, with the value
    that is read here; any other is refused by name. *names_database*: whether an endpoint must name its database."""

    display_name: str
    settings: str
    side: str
    required: tuple[str, ...] = _SECRET
    only: Mapping[str, Any] = field(default_factory=dict)
    names_database: bool = True


_POSTGRESQL = {
    "AfterConnectScript": "",
    "TrimSpaceInChar": True,
    "MapBooleanAsBoolean": False,
    "MapJsonbAsClob": False,
    "MapLongVarcharAs": "wstring",
    "DatabaseMode": "default",
    "FailTasksOnLobTruncation": False,
    "DisableUnicodeSourceFilter": False,
    "AuthenticationMethod": "password",
}
_MYSQL = {
    "AfterConnectScript": "",
    "CleanSourceMetadataOnMismatch": False,
    "ServerTimezone": "",
    "AuthenticationMethod": "password",
}
_SQLSERVER = {"AuthenticationMethod": "password", "TrimSpaceInChar": True, "ForceLobLookup": False}

# Source: BC:CreateEndpointMessage.EngineName; the displayed names are those of `aws dms describe-endpoint-types`.
ENGINES: Mapping[str, SupportedEngine] = {
    "postgres": SupportedEngine("PostgreSQL", "PostgreSQLSettings", "source", only=_POSTGRESQL),
    "aurora-postgresql": SupportedEngine("Amazon Aurora PostgreSQL", "PostgreSQLSettings", "source", only=_POSTGRESQL),
    "mysql": SupportedEngine("MySQL", "MySQLSettings", "source", only=_MYSQL, names_database=False),
    "mariadb": SupportedEngine("MariaDB", "MySQLSettings", "source", only=_MYSQL, names_database=False),
    "aurora": SupportedEngine("Amazon Aurora MySQL", "MySQLSettings", "source", only=_MYSQL, names_database=False),
    "sqlserver": SupportedEngine("Microsoft SQL Server", "MicrosoftSQLServerSettings", "source", only=_SQLSERVER),
    "s3": SupportedEngine("Amazon S3", "S3Settings", "target", ("ServiceAccessRoleArn", "BucketName")),
}
# Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html, the table of modes by engine (read
# 2026-11-29). For S3 assumed: the table has sources and databases only.
_SSL_MODES = {
    "PostgreSQLSettings": ("none", "require", "verify-ca", "verify-full"),
    "MySQLSettings": ("none", "verify-ca", "verify-full"),
    "MicrosoftSQLServerSettings": ("none", "require", "verify-full"),
    "S3Settings": ("none",),
}


def check(given: Mapping[str, Any], sources: Collection[str]) -> None:
    """Raise AwsError unless an endpoint may have these members. *sources*: the engines that can be read here."""
    name, side = given["EngineName"], given["EndpointType"]
    engine = ENGINES.get(name)
    if engine is None or engine.side != side or (side == "source" and name not in sources):
        raise NotEmulatedError(f"an endpoint of engine {name} as {side}")
    attributes: dict[str, str] = {}
    if extra := given.get("ExtraConnectionAttributes"):
        if side == "target":
            raise NotEmulatedError(f"ExtraConnectionAttributes {extra}")
        attributes = read_attributes(extra, engine.settings)
    if (mode := given.get("SslMode", "none")) not in _SSL_MODES[engine.settings]:
        # The code of the refusal is assumed.
        raise AwsError("InvalidParameterCombinationException", f"SslMode {mode} is not supported for engine {name}")
    settings = given.get(engine.settings, {})
    for key, value in settings.items():
        if side == "source" and key in _CLEAR_TEXT:
            raise NotEmulatedError(f"{engine.settings}.{key}: credentials come from Secrets Manager only")
        if key in engine.only and value != engine.only[key]:
            raise NotEmulatedError(f"{engine.settings}.{key} = {value}")
    for key, value in attributes.items():
        if key in engine.only and value.lower() != str(engine.only[key]).lower():
            raise NotEmulatedError(f"ExtraConnectionAttributes with {key} = {value}")
    database = given.get("DatabaseName") or settings.get("DatabaseName")
    if side == "source" and engine.names_database and not database:
        raise AwsError("InvalidParameterCombinationException", f"DatabaseName is required for engine {name}")
    if side == "source" and not engine.names_database and database:
        # Source: BC:MySQLSettings.DatabaseName: it is not to be given; the table mappings name the schema.
        raise NotEmulatedError(f"DatabaseName {database} of an endpoint of engine {name}")
    for key in engine.required:
        if not settings.get(key):
            raise AwsError("InvalidParameterCombinationException", f"{key} is required for engine {name}")
