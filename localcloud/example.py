"""What AWS wants around a DMS task before one can be made: for the example of README.md, and for a first try."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from localcloud.aws import REGION
from localcloud.cloud import Cloud
from localcloud.http.routing import Router
from localcloud.http.server import HttpServer
from localcloud.servers.postgres import EmbeddedPostgres

Client = Callable[[str], Any]
EVERY_TABLE = json.dumps(
    {
        "rules": [
            {
                "rule-type": "selection",
                "rule-id": "1",
                "rule-name": "1",
                "object-locator": {"schema-name": "%", "table-name": "%"},
                "rule-action": "include",
            }
        ]
    }
)
"""Table mappings that take all there is."""


@contextmanager
def serve(cloud: Cloud) -> Iterator[Client]:
    """*cloud* over HTTP, on a free port; gives plain boto3 clients of it by service."""
    with HttpServer(Router(cloud).answer) as server:
        cloud.endpoint = server.endpoint
        session = boto3.Session("local", "local", region_name=REGION)
        yield lambda service: session.client(service, endpoint_url=server.endpoint)


@contextmanager
def shop(folder: Path, rows: int) -> Iterator[dict[str, Any]]:
    """A real PostgreSQL on *folder*, with a database `shop` of one table, `item`, of *rows* rows; gives its secret."""
    with EmbeddedPostgres.start(folder.absolute()) as server:
        server.drop_database("shop")
        server.create_database("shop")
        with server.connect("shop") as connection:
            connection.execute("CREATE TABLE item (n integer, name text)")
            connection.execute("INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, %s::int) AS n", [rows])
        yield server.secret("shop")


def prepare(cloud: Cloud, client: Client, secret: Mapping[str, Any], bucket: str) -> dict[str, str]:
    """A role, a bucket, an instance, a source endpoint for the PostgreSQL database that *secret* names, and an S3
    endpoint that writes Parquet below `<bucket>/<database>/`, both with a good connection test; what
    CreateReplicationTask wants of them."""
    dms, iam, name = client("dms"), client("iam"), secret["dbname"]
    services = ["dms.amazonaws.com", f"dms.{REGION}.amazonaws.com"]
    trust = _policy(Action="sts:AssumeRole", Principal={"Service": services})
    role = iam.create_role(RoleName=f"{name}-dms", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    may = _policy(Action=["s3:*", "secretsmanager:*"], Resource="*")
    iam.put_role_policy(RoleName=f"{name}-dms", PolicyName="may", PolicyDocument=may)
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    made = client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    instance = dms.create_replication_instance(
        ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.medium"
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    source = dms.create_endpoint(
        EndpointIdentifier=f"{name}-source",
        EndpointType="source",
        EngineName="postgres",
        DatabaseName=name,
        PostgreSQLSettings={"SecretsManagerAccessRoleArn": role, "SecretsManagerSecretId": made["ARN"]},
    )["Endpoint"]["EndpointArn"]
    target = dms.create_endpoint(
        EndpointIdentifier=f"{name}-s3",
        EndpointType="target",
        EngineName="s3",
        S3Settings={
            "ServiceAccessRoleArn": role,
            "BucketName": bucket,
            "BucketFolder": name,
            "DataFormat": "parquet",
        },
    )["Endpoint"]["EndpointArn"]
    cloud.clock.sleep(900)  # an instance takes minutes; the clock skips them
    for endpoint in (source, target):
        dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)
    cloud.clock.sleep(60)
    return {"ReplicationInstanceArn": instance, "SourceEndpointArn": source, "TargetEndpointArn": target}


def _policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}})
