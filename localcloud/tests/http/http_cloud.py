"""An empty local cloud on a real socket, and real boto3 clients of it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.aws import REGION
from localcloud.cloud import Cloud
from localcloud.http.messages import Reply
from localcloud.http.routing import Router
from localcloud.http.server import LOOPBACK, HttpServer

KEY = "AKIAFLEETLOCAL000000"


class Endpoint:
    """The address of a local cloud. *heard*: "service operation status" of every call."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.heard: list[str] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        router = Router(self.cloud)
        self.server = self._open.enter_context(HttpServer(router.answer, heard=self._hear))
        self.cloud.endpoint = self.server.endpoint
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _hear(self, reply: Reply, _: float) -> None:
        self.heard.append(f"{reply.operation} {reply.status}")

    def client(self, service: str, **more: Any) -> Any:
        """A boto3 client as anybody makes one; it is closed with the endpoint."""
        settings: dict[str, Any] = {
            "region_name": REGION,
            "aws_access_key_id": KEY,
            "aws_secret_access_key": "local",
            "endpoint_url": self.server.endpoint,
            "config": Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
        }
        client = boto3.client(service, **(settings | more))
        self._open.callback(client.close)
        return client

    def ask(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request by hand: status, headers, body."""
        connection = http.client.HTTPConnection(LOOPBACK, self.server.port)
        try:
            connection.request(method, target, body, dict(headers or {}), **more)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def signed(service: str, region: str = "eu-central-1", **headers: str) -> dict[str, str]:
    """Headers as of a signed request; nobody looks at the signature."""
    scope = f"{KEY}/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0", **headers}


def by_hand(operation: str, **parameters: Any) -> tuple[str, str, bytes, dict[str, str]]:
    """The parts of a call of DMS by hand."""
    target = {"X-Amz-Target": f"AmazonDMSv20160101.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    return "POST", "/", json.dumps(parameters).encode(), signed("dms", **target)


@contextmanager
def refused(code: str, words: str = ".") -> Iterator[pytest.ExceptionInfo[ClientError]]:
    """AWS refuses what is asked within, by *code*, with *words* in the message (a regular expression)."""
    with pytest.raises(ClientError, match=words) as caught:
        yield caught
    assert caught.value.response["Error"]["Code"] == code


@contextmanager
def empty_endpoint(folder: Path, *buckets: str, **how: Any) -> Iterator[Endpoint]:
    """The endpoint of an account that holds nothing but empty *buckets*. *how*: of its cloud."""
    with Cloud(folder, **how) as cloud, Endpoint(cloud) as endpoint:
        where = {"LocationConstraint": REGION}
        for bucket in buckets:
            cloud.aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        yield endpoint
