"""A Snowflake account for the contract tests: a warehouse, a loader with a key in KMS, a bucket, a trusted role."""

from __future__ import annotations

import base64
import itertools
import json
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from lambdas.clients.snowflake import Failed, KeyPairToken, Progress, Row, SqlApi, Succeeded, Transport
from localcloud.aws import REGION, LocalAws
from localcloud.clock import Clock
from localcloud.snowflake.loading.role_stages import RoleStages
from localcloud.snowflake.server import Snowflake
from localcloud.snowflake.transport import InProcessTransport

SNOWFLAKES_USER = "arn:aws:iam::999999999999:user/snowflake-abc1"
EXTERNAL_ID = "fleet-0001"
BUCKET = "landing"
FORMAT = 'FILE_FORMAT=(FORMAT_NAME=\'"RAW"."OPS"."PARQUET"\') MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE'
ORDERS = '("ID" NUMBER(19,0), "NAME" VARCHAR(40), "AMOUNT" NUMBER(12,2), "_FILE" VARCHAR, "_ROW" NUMBER(19,0))'


class Account:
    """What the tests touch. Each of them takes table names of its own from `new_name`."""

    def __init__(self, clock: Clock, aws: LocalAws, path: str | Path = ":memory:", make: Any = Snowflake) -> None:
        self.clock = clock
        self.aws = aws
        self._numbers = itertools.count()
        self.s3 = aws.client("s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.role_arn = self.create_role("snowflake-read", f"arn:aws:s3:::{BUCKET}/*")
        self.kms = aws.client("kms")
        self.key_id = self.create_key()
        self.stages = RoleStages(aws, SNOWFLAKES_USER, clock.now)
        self.snowflake = make(path, self.stages, iam_user_arn=SNOWFLAKES_USER, clock=clock, account="LOCAL-ACCOUNT")
        self.snowflake.administer(
            f"""
            CREATE WAREHOUSE IF NOT EXISTS LOAD_WH WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60;
            CREATE ROLE IF NOT EXISTS LOADER;
            CREATE USER IF NOT EXISTS LOADER TYPE = SERVICE DEFAULT_ROLE = LOADER
              RSA_PUBLIC_KEY = '{self.public_key(self.key_id)}';
            GRANT ROLE LOADER TO USER LOADER;
            CREATE DATABASE IF NOT EXISTS RAW;
            CREATE SCHEMA IF NOT EXISTS RAW.OPS;
            CREATE SCHEMA IF NOT EXISTS "RAW"."SHOP__PUBLIC";
            CREATE STORAGE INTEGRATION LANDING TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE
              STORAGE_AWS_ROLE_ARN = '{self.role_arn}' STORAGE_AWS_EXTERNAL_ID = '{EXTERNAL_ID}'
              STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/');
            CREATE STAGE RAW.OPS.LANDING URL = 's3://{BUCKET}/' STORAGE_INTEGRATION = LANDING;
            CREATE FILE FORMAT RAW.OPS.PARQUET TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE;
            CREATE TABLE RAW.OPS.APPLIED (TABLE_NAME VARCHAR, ATTEMPT NUMBER(9,0), APPLIED_AT TIMESTAMP_LTZ);
            GRANT USAGE ON DATABASE RAW TO ROLE LOADER;
            GRANT USAGE ON ALL SCHEMAS IN DATABASE RAW TO ROLE LOADER;
            GRANT SELECT, INSERT ON TABLE RAW.OPS.APPLIED TO ROLE LOADER
            """
        )
        self.api = self.connect()

    def reopen(self, path: str) -> None:
        """Open the account's files again, after `snowflake.close()`."""
        self.snowflake = Snowflake(path, self.stages, iam_user_arn=SNOWFLAKES_USER, clock=self.clock)
        self.api = self.connect()

    def token(self) -> KeyPairToken:
        """The loader's token."""
        return KeyPairToken(self.kms, self.key_id, account="local-account", user="loader", now=self.clock.now)

    def headers(self) -> dict[str, str]:
        """The headers of a request by the loader."""
        return {"Authorization": f"Bearer {self.token().token()}", "User-Agent": "tests"}

    def post(self, body: dict[str, Any], **query: str) -> dict[str, Any]:
        """The content of the answer to a request of one's own making."""
        whole = {"warehouse": "LOAD_WH", "database": "RAW", "schema": "SHOP__PUBLIC", **body}
        answer = self.snowflake.answer("POST", "/api/v2/statements", query, self.headers(), json.dumps(whole).encode())
        return answer[1]

    def connect(self, *, transport: Transport | None = None, **parameters: str) -> SqlApi:
        """A client that signs in as the loader."""
        return SqlApi(
            "https://local-account.snowflakecomputing.com",
            self.token(),
            context={"database": "RAW", "schema": "SHOP__PUBLIC", "warehouse": "LOAD_WH", "role": "LOADER"},
            parameters={"timezone": "UTC", **parameters},
            transport=transport or InProcessTransport(self.snowflake),
        )

    def create_key(self) -> str:
        """A key pair in KMS."""
        return self.kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]

    def public_key(self, key_id: str) -> str:
        """As RSA_PUBLIC_KEY wants it."""
        return base64.b64encode(self.kms.get_public_key(KeyId=key_id)["PublicKey"]).decode()

    def create_role(self, name: str, readable: str) -> str:
        """A role that Snowflake's user may assume with the external ID, to read objects of *readable*."""
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": SNOWFLAKES_USER},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
        }
        iam = self.aws.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
        read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": readable}
        list_ = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=_policy(read, list_))
        return role["Arn"]

    def new_name(self) -> str:
        """A table name that no other test has."""
        return f"ORDERS_{next(self._numbers)}"

    def land(self, key: str, query: str) -> None:
        """Put the rows of a DuckDB *query* on S3 as Parquet."""
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
            file = Path(folder) / "rows.parquet"
            connection.execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)")
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())

    def land_orders(self, name: str, rows: int = 150, file: str = "LOAD00000001.parquet") -> None:
        """Put *rows* orders into the table's folder."""
        self.land(
            f"{name}/{file}",
            f"SELECT range AS id, 'order ' || range AS name, (range / 4)::DECIMAL(12,2) AS amount FROM range({rows})",
        )

    def run(self, *statements: str) -> Progress:
        """The end of one request."""
        return self.api.run(statements, str(uuid.uuid4()))

    def done(self, *statements: str) -> list[list[Row]]:
        """The results of a request that must succeed."""
        progress = self.run(*statements)
        assert isinstance(progress, Succeeded), progress
        return [rows or [] for rows in progress.results]

    def failed(self, *statements: str) -> Failed:
        """The failure of a request that must fail."""
        progress = self.run(*statements)
        assert isinstance(progress, Failed), progress
        return progress

    def rows(self, query: str) -> list[Row]:
        """The rows of one query."""
        return self.done(query)[0]

    def count(self, name: str) -> int:
        """The rows of a table."""
        return int(self.rows(f'SELECT COUNT(*) AS N FROM "{name}"')[0]["n"] or 0)

    def orders_table(self) -> str:
        """A new, empty table of orders."""
        name = self.new_name()
        self.done(f'CREATE TRANSIENT TABLE IF NOT EXISTS "RAW"."SHOP__PUBLIC"."{name}" {ORDERS}')
        return name


def copy(name: str, options: str = "FORCE=TRUE", *, stage: str = '"RAW"."OPS"."LANDING"', folder: str = "") -> str:
    """COPY of a table's folder, with the file's name and the row's number."""
    return (
        f'COPY INTO "{name}" FROM @{stage}/{folder or name}/ {FORMAT} '
        f'INCLUDE_METADATA=("_FILE"=METADATA$FILENAME, "_ROW"=METADATA$FILE_ROW_NUMBER) {options}'
    )


def full_load(name: str, expected: int, attempt: int = 1, options: str = "FORCE=TRUE") -> list[str]:
    """One request as the product sends it."""
    return [
        "BEGIN TRANSACTION",
        f"SELECT CAST(IFF(COALESCE(MAX(ATTEMPT), 0) <= {attempt}, '0', 'attempt ' || MAX(ATTEMPT) || ' is applied') "
        f"AS NUMBER(1,0)) FROM RAW.OPS.APPLIED WHERE TABLE_NAME = '{name}'",
        f'DELETE FROM "{name}"',
        copy(name, options),
        f"SELECT CAST(IFF(COUNT(*) = {expected}, '0', 'full load: ' || COUNT(*) || ' rows, expected {expected}') "
        f'AS NUMBER(1,0)) FROM "{name}"',
        f"INSERT INTO RAW.OPS.APPLIED SELECT '{name}', {attempt}, CURRENT_TIMESTAMP()",
        "COMMIT",
    ]


@contextmanager
def new_account(path: str = ":memory:") -> Iterator[Account]:
    """An account of its own."""
    with Clock("frozen") as clock, LocalAws() as aws:
        account = Account(clock, aws, path)
        try:
            yield account
        finally:
            account.snowflake.close()


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
