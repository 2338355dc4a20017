"""The clients of one local cloud: moto answers what it does well, our stand-ins the rest. Nothing leaves here."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib import import_module
from typing import Any, Self

import localcloud.moto_import  # noqa: F401

import boto3
import botocore.loaders
import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.utils import parse_timestamp
from moto import mock_aws
from moto.iam.models import AWSManagedPolicy, iam_backends

from localcloud.account import ACCOUNT, REGION
from localcloud.in_process_transport import Answer, Handle, answer_json
from localcloud.moto_fast_path import dynamodb, routes
from localcloud.moto_fast_path.s3 import PlainS3


class LocalAws:
    """boto3 clients of one account and Region. Use it as a context: outside of it moto is off.

    A service given to `serve` is answered by us; every other one by moto. Clients are made once (botocore needs
    30-90 ms for one) and are safe to share between threads.
    """

    def __init__(self) -> None:
        self._mock = mock_aws()
        self._clients: dict[str, Any] = {}
        self._handles: dict[str, Handle] = {"s3": self._ask_s3, "iam": self._ask_iam, "dynamodb": self._ask_dynamodb}
        self._lock = threading.Lock()
        self._locks: dict[str, Any] = {}
        self.objects = PlainS3(ACCOUNT)
        self._policies_lock = threading.Lock()
        self.read_of_iam: dict[str, Any] = {}
        """What `authorization.iam` has read since IAM was last written to: a run asks for its roles thousands of
        times. Replaced as a whole, so that a thread that is late keeps what it has read apart from what is newer."""
        self._botocore = own_session()
        self._session = boto3.Session(botocore_session=self._botocore)

    def __enter__(self) -> Self:
        self._mock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mock.stop()

    def serve(self, service: str, answer: Answer) -> None:
        """Let *answer* stand for *service* (boto3's name of it, as "dms"), one of the JSON protocol."""
        self.serve_requests(service, lambda request, operation: answer_json(request, operation, answer))

    def serve_requests(self, service: str, handle: Handle) -> None:
        """Let *handle* stand for *service*, one of any other protocol (as "lambda")."""
        self._handles[service] = handle

    def send(self, service: str, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        """The answer to *request*: every client in this process and every call over HTTP ends here."""
        handle = self._handles.get(service)
        return handle(request, operation) if handle else self._ask_moto(service, request)

    def client(self, service: str) -> Any:
        """The boto3 client of *service*."""
        with self._lock:
            if service not in self._clients:
                client = self._session.client(
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
                        user_agent="localcloud",
                        ignore_configured_endpoint_urls=True,
                        request_checksum_calculation="when_required",
                        response_checksum_validation="when_required",
                    ),
                )
                parsers = self._botocore.get_component("response_parser_factory")
                routes.shorten(client, lambda request, operation: self.send(service, operation, request), parsers)
                self._clients[service] = client
            return self._clients[service]

    def _ask_moto(self, service: str, request: AWSPreparedRequest) -> AWSResponse:
        """moto, with one request to a service at a time. It is not made for threads: a list that another adds to while
        moto walks through it breaks. And its DynamoDB checks a condition and writes in two steps, and a cancelled
        transaction puts back what was there before, which another thread may have changed since.
        """
        with self._lock_of(service):
            return routes.answer(request)

    def _lock_of(self, service: str) -> Any:
        with self._lock:
            return self._locks.setdefault(service, threading.RLock())

    def _ask_dynamodb(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """moto's DynamoDB, by the short way where there is one."""
        with self._lock_of("dynamodb"):
            return dynamodb.answer(request, operation) or routes.answer(request)

    def _ask_s3(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """moto's S3, with no other put meanwhile."""
        if short := self.objects.answer(request, operation):
            return short
        with self.objects.puts:
            return routes.answer(request)

    def _ask_iam(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """moto's IAM, with AWS's own policies from the first request on that is about them: reading the 1,582 of them
        takes most of a second."""
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if operation == "ListPolicies" or b"iam%3A%3Aaws%3Apolicy" in body:
            backend = iam_backends[ACCOUNT]["aws"]
            with self._policies_lock:
                if not backend.aws_managed_policies:
                    # By name: pyright would take seconds to read that file.
                    described = json.loads(import_module("moto.iam.aws_managed_policies").aws_managed_policies_data)
                    policies: list[Any] = [
                        AWSManagedPolicy.from_data(name, ACCOUNT, REGION, content)
                        for name, content in described.items()
                    ]
                    backend.aws_managed_policies = policies
                    backend.managed_policies |= {one.arn: one for one in policies}
        answer = self._ask_moto("iam", request)
        if not operation.startswith(("Get", "List")):
            self.read_of_iam = {}
        return answer


def own_session() -> botocore.session.Session:
    """A session of botocore's that reads no variable and no file of the user's: a profile, another endpoint or a way to
    retry would be another cloud's. Its clients read times by the standard library: botocore tries all formats.
    """
    variables = BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
    silent = {name: (None, None, default, None) for name, (_, _, default, _) in variables}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = botocore.session.Session(silent | files)
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_read_time)
    session.register_component("data_loader", _read_models())
    return session


@cache
def _read_models() -> botocore.loaders.Loader:
    """What reads the services' models and keeps them, once in a process: they are megabytes of JSON."""
    return botocore.loaders.create_loader()


def _read_time(value: Any) -> datetime:
    """The time that moto or we have written: seconds since 1970, ISO 8601 or the form of HTTP's headers."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if value[-3:] == "GMT":
        return parsedate_to_datetime(value)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return parse_timestamp(value)
