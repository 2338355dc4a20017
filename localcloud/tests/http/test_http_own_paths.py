"""Paths that AWS does not have: the caller gives them, and what answers there."""

from __future__ import annotations

from email.message import Message
from pathlib import Path

import pytest

from localcloud.cloud import Cloud
from localcloud.http.hosting import Host
from localcloud.http.messages import Reply, Request
from localcloud.in_process_transport import AwsError


def buckets(host: Host, _: Request) -> Reply:
    with host.in_use() as (cloud, _):
        return Reply(200, {}, str(len(cloud.aws.client("s3").list_buckets()["Buckets"])).encode())


def refuse(_: Host, request: Request) -> Reply:
    raise AwsError("AccessDenied", f"not {request.path}", 403)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(lambda: Cloud(tmp_path), {"/_own/buckets": buckets, "/_own/refused": refuse})


def test_a_path_of_the_callers_own_is_answered_as_the_caller_says(host: Host) -> None:
    with host:
        assert host.answer(Request("GET", "/_own/buckets", Message(), b"")).body == b"0"
        refused = host.answer(Request("GET", "/_own/refused?a=b", Message(), b""))
        assert (refused.status, b"not /_own/refused" in refused.body) == (403, True)


def test_without_an_account_a_path_of_the_callers_own_gets_what_every_request_gets(host: Host) -> None:
    closed = host.answer(Request("GET", "/_own/buckets", Message(), b""))
    assert (closed.status, b"is being opened" in closed.body) == (503, True)
