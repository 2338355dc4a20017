"""The login of a source endpoint, from Secrets Manager, as DMS's regional principal may read it."""

from __future__ import annotations

import json

from local.aws import ACCOUNT, REGION, LocalAws
from local.dms.reader import Login
from local.dms.resources import Endpoint
from local.iam import assume
from local.wire import AwsError

# Source: AWS DMS user guide, "Using secrets to access AWS DMS endpoints" (reference/dms.md section 8).
PRINCIPAL = f"dms.{REGION}.amazonaws.com"


def login(aws: LocalAws, endpoint: Endpoint) -> Login:
    """Who reads the database of *endpoint*, and where it is. Raises AwsError or botocore's ClientError."""
    settings = endpoint.given["PostgreSQLSettings"]
    role = assume(
        aws, settings["SecretsManagerAccessRoleArn"], principal=PRINCIPAL, context={"aws:SourceAccount": ACCOUNT}
    )
    secrets = aws.client("secretsmanager")
    arn = secrets.describe_secret(SecretId=settings["SecretsManagerSecretId"])["ARN"]
    role.require("secretsmanager:GetSecretValue", arn)
    try:
        secret = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        return Login(
            host=secret["host"],
            port=int(secret["port"]),
            database=endpoint.given.get("DatabaseName") or settings["DatabaseName"],
            username=secret["username"],
            password=secret["password"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError("AccessDeniedFault", f"The secret {arn} has no usable member {error}") from error
