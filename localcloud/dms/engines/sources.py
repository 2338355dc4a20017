"""What reads the sources: a reader for each engine, and an endpoint's login, from Secrets Manager, as DMS's regional
principal may read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from localcloud.authorization.iam import assume
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.dms.engines.mysql import MysqlReader
from localcloud.dms.engines.offered import ENGINES
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Login, Reader
from localcloud.dms.engines.sqlserver import SqlServerReader
from localcloud.dms.resources import Endpoint
from localcloud.dms.type_tables import mysql, postgresql, sqlserver
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.in_process_transport import AwsError, NotEmulatedError

# Source: AWS DMS user guide, "Using secrets to access AWS DMS endpoints" (docs/facts/dms.md 8).
PRINCIPAL = f"dms.{REGION}.amazonaws.com"


_TYPE_TABLES: Mapping[str, Callable[[SourceColumn], DmsType | None]] = {
    "postgres": postgresql.dms_type,
    "aurora-postgresql": postgresql.dms_type,
    "mysql": mysql.dms_type,
    "aurora": mysql.dms_type,
    "mariadb": mysql.dms_type,
    "sqlserver": sqlserver.dms_type,
}


def readers() -> dict[str, Reader]:
    """How to read each engine, under DMS's name of it. Nothing is loaded for an engine before a source of it opens,
    PostgreSQL excepted."""
    return {
        "postgres": PostgresqlReader(),
        "mysql": MysqlReader(has_views=True),
        "mariadb": MysqlReader(has_views=False),
        "sqlserver": SqlServerReader(),
    }


def column_type(engine: str, column: SourceColumn) -> DmsType | None:
    """What DMS takes a *column* of a source for; None for what it does not migrate. *engine*: DMS's name of it."""
    return _TYPE_TABLES[engine](column)


def _without_brackets(host: str) -> str:
    """*host*, an IPv6 address as a URL writes it or any other. Whether DMS takes brackets is not known (assumed)."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def login(aws: LocalAws, endpoint: Endpoint) -> Login:
    """Who reads the database of *endpoint*, and where it is. Raises AwsError or botocore's ClientError."""
    settings = endpoint.given[ENGINES[endpoint.engine].settings]
    role = assume(
        aws, settings["SecretsManagerAccessRoleArn"], principal=PRINCIPAL, context={"aws:SourceAccount": ACCOUNT}
    )
    secrets = aws.client("secretsmanager")
    described = secrets.describe_secret(SecretId=settings["SecretsManagerSecretId"])
    arn = described["ARN"]
    role.require("secretsmanager:GetSecretValue", arn)
    if key := described.get("KmsKeyId"):  # a customer's: the service's own asks nobody
        role.require("kms:Decrypt", key, {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"})
    mode = endpoint.given["SslMode"]
    if mode not in ("none", "require"):
        raise NotEmulatedError(f"a connection with SslMode {mode}")
    try:
        secret = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        if mode == "require" and str(secret["host"]).startswith("/"):
            # A stand-in may not say that it encrypts where it does not.
            raise AwsError("InvalidParameterCombinationException", "SslMode is require, and a socket has no encryption")
        return Login(
            host=_without_brackets(secret["host"]),
            port=int(secret["port"]),
            database=endpoint.given.get("DatabaseName") or settings.get("DatabaseName", ""),
            username=secret["username"],
            password=secret["password"],
            ssl_mode=mode,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError("AccessDeniedFault", f"The secret {arn} has no usable member {error}") from error
