"""The services that one endpoint speaks for, and how a request says which of them it is meant for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from localcloud.aws import ACCOUNT, REGION
from localcloud.http.identity import read_caller
from localcloud.http.messages import Request
from localcloud.in_process_transport import AwsError, NotEmulatedError

# By the name that signatures carry: boto3's name. What moto also knows and nobody here has looked at is left out, so
# that nothing is answered by an invention.
SERVICES: Mapping[str, str] = {
    "dms": "dms",
    "states": "stepfunctions",
    "lambda": "lambda",
    "s3": "s3",
    "dynamodb": "dynamodb",
    "iam": "iam",
    "sts": "sts",
    "kms": "kms",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "events": "events",
    "scheduler": "scheduler",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "ec2": "ec2",
    "ssm": "ssm",
    "tagging": "resourcegroupstaggingapi",
}
OURS = frozenset({"dms", "stepfunctions", "lambda"})  # of one Region; moto's have all

# For requests that nobody signed.
_TARGETS = {
    "AmazonDMSv20160101": "dms",
    "AWSStepFunctions": "states",
    "DynamoDB_20120810": "dynamodb",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
    "AWSEvents": "events",
    "Logs_20140328": "logs",
    "AmazonSSM": "ssm",
}
_FORM = "application/x-www-form-urlencoded"
# A bucket that AWS addresses by host name. Source: Amazon S3 user guide, "Bucket naming rules", without dots, which
# TLS certificates forbid.
_HOSTED_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_BUCKET_HOST = re.compile(r"(.+?)(?:\.s3(?:[.-].*)?|\.localhost)")
_CONTROL_PATH = "/v20180820/"


class UnknownServiceError(AwsError):
    """Nothing here speaks for the service that a request is meant for."""

    def __init__(self, service: str) -> None:
        super().__init__(
            "NotEmulated",
            f"not emulated here: the service {service!r} (this endpoint speaks for {', '.join(sorted(SERVICES))})",
            404,
        )
        self.service = service


@dataclass(frozen=True)
class Addressed:
    """What a request is meant for. *service*: boto3's name; *url*: where AWS's own endpoint would have got it; *path*:
    for S3 with the bucket first, still quoted."""

    service: str
    url: str
    path: str


def address(request: Request) -> Addressed:
    """Where *request* would have gone at AWS.

    Raises:
        AwsError: Nothing here speaks for its service, Region or account.
    """
    caller = read_caller(request)
    signed_for = caller.service if caller else _unsigned(request)
    region = caller.region if caller else REGION
    if signed_for not in SERVICES:
        raise UnknownServiceError(signed_for)
    service = SERVICES[signed_for]
    if caller is not None and caller.account != ACCOUNT:
        raise NotEmulatedError(f"the account {caller.account}: this endpoint plays {ACCOUNT}")
    if service in OURS and region != REGION:
        raise NotEmulatedError(f"{service} in {region}: this endpoint plays {REGION}")
    if request.header("Smithy-Protocol") == "rpc-v2-cbor" or "cbor" in request.header("Content-Type"):
        raise NotEmulatedError(f"{service} over CBOR: only JSON, XML and forms are read")
    if request.header("X-Amz-Target").startswith("DynamoDBStreams"):
        raise NotEmulatedError("the streams of DynamoDB")
    if service == "s3":
        return _address_s3(request, region)
    return Addressed(service, f"https://{signed_for}.{region}.amazonaws.com{request.target}", request.path)


def _unsigned(request: Request) -> str:
    """The service of a request without a signature: S3 is the only one that takes requests without any mark."""
    if target := request.header("X-Amz-Target").partition(".")[0]:
        return _TARGETS.get(target, target)
    if request.header("Content-Type").startswith(_FORM):
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return "s3"


def _address_s3(request: Request, region: str) -> Addressed:
    if request.path.startswith(_CONTROL_PATH) and (account := request.header("x-amz-account-id")):
        host = f"https://{account}.s3-control.{region}.amazonaws.com"
        return Addressed("s3control", host + request.target, request.path)
    path, question, query = request.target.partition("?")
    query = question + query
    hosted = _BUCKET_HOST.fullmatch(request.header("Host").rpartition(":")[0] or request.header("Host"))
    if hosted:
        path = f"/{hosted[1]}{path}"
    bucket, slash, key = path.removeprefix("/").partition("/")
    if _HOSTED_BUCKET.fullmatch(unquote(bucket)):
        return Addressed("s3", f"https://{bucket}.s3.{region}.amazonaws.com/{key}{query}", path)
    return Addressed("s3", f"https://s3.{region}.amazonaws.com/{bucket}{slash}{key}{query}", path)
