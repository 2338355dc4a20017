"""The clients of one local cloud: moto answers what it does well, our stand-ins the rest. Nothing leaves here."""

from __future__ import annotations

import threading
from typing import Any, Self

import boto3
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from moto import mock_aws
from moto.core.models import botocore_stubber

from local.shortcuts import routes
from local.shortcuts.dynamodb import PlainDynamoDb
from local.shortcuts.s3 import PlainS3
from local.wire import Answer, attach

ACCOUNT = "123456789012"  # moto's own
REGION = "eu-central-1"


class LocalAws:
    """boto3 clients of one account and Region. Use it as a context: outside of it moto is off.

    A service given to `serve` is answered by us; every other one by moto. Clients are made once (botocore needs
    30-90 ms for one) and are safe to share between threads.
    """

    def __init__(self) -> None:
        self._mock = mock_aws()
        self._clients: dict[str, Any] = {}
        self._answers: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._ledger_lock = threading.Lock()
        self._items = PlainDynamoDb(ACCOUNT, REGION)

    def __enter__(self) -> Self:
        self._mock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mock.stop()

    def serve(self, service: str, answer: Answer) -> None:
        """Let *answer* stand for *service* (boto3's name of it, as "dms"). Before the first client of it is made."""
        self._answers[service] = answer

    def client(self, service: str) -> Any:
        """The boto3 client of *service*."""
        with self._lock:
            if service not in self._clients:
                client = boto3.client(
                    service,
                    region_name=REGION,
                    aws_access_key_id="local",
                    aws_secret_access_key="local",  # noqa: S106  no secret: nothing leaves the process
                    # Retries are ours to see: the product's own retries are what a night exercises.
                    # Signatures and checksums guard what crosses a network, and there is none here.
                    config=Config(
                        retries={"total_max_attempts": 1},
                        max_pool_connections=64,
                        signature_version=UNSIGNED,
                        user_agent="fleet-local",
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
                if service in self._answers:
                    # botocore asks every handler, so moto's would still run, and raise for what it does not know.
                    client.meta.events.unregister("before-send", botocore_stubber)
                    attach(client, self._answers[service])
                elif service == "dynamodb":
                    client.meta.events.unregister("before-send", botocore_stubber)
                    client.meta.events.register_first("before-send", self._one_at_a_time)
                elif service == "s3":
                    routes.shorten(client, PlainS3(ACCOUNT).answer)
                else:
                    routes.shorten(client)
                self._clients[service] = client
            return self._clients[service]

    def _one_at_a_time(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        """moto's DynamoDB, never asked by two threads at once. Its transactions copy the whole table, and put the copy
        back when they are cancelled: another thread's write would break the copying, or be lost with it."""
        with self._ledger_lock:
            return self._items.answer(request, event_name.rpartition(".")[2]) or routes.answer(request)
