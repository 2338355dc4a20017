"""The endpoint outlives its account: a reset under requests, a reset that fails, a close with connections open."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
from collections.abc import Callable
from contextlib import closing
from email.message import Message
from pathlib import Path

import pytest

from cases import SETTINGS
from fleet.databases import Database, Registry, Server
from local.admin_paths import ADMINISTER, RESET, TOKEN, admin_paths
from local.cloud import LocalCloud
from localcloud.http.hosting import Host
from localcloud.http.messages import Reply, Request
from localcloud.http.server import LOOPBACK, HttpServer
from localcloud.quotas import DMS_API_BURST
from localcloud.tests.http.http_cloud import by_hand, signed


def request(method: str, target: str, body: bytes = b"", **headers: str) -> Request:
    given = Message()
    for name, value in headers.items():
        given[name] = value
    return Request(method, target, given, body)


RESETTING = request("POST", RESET, **{TOKEN: "known"})
CREATE = request("PUT", "/left-behind", **signed("s3", "us-east-1"))
LIST = request("GET", "/", **signed("s3"))


def host_in(folder: Path, before: Callable[[int], object]) -> Host:
    """A host of empty accounts; *before* is called ahead of each, with its number."""
    numbers = iter(range(10))

    def make() -> LocalCloud:
        before(next(numbers))
        return LocalCloud(folder, Registry(SETTINGS, (), ()), {}, is_deployed=False)

    return Host(make, admin_paths("known"))


def test_a_reset_leaves_nothing_and_requests_meanwhile_are_asked_to_come_again(tmp_path: Path) -> None:
    meanwhile: list[Reply] = []
    host = host_in(tmp_path, lambda number: number and meanwhile.append(host.answer(LIST)))
    with host:
        assert host.answer(CREATE).status == 200
        assert b"left-behind" in host.answer(LIST).body
        assert host.answer(RESETTING).status == 200
        assert b"left-behind" not in host.answer(LIST).body
    assert [reply.status for reply in meanwhile] == [503]
    assert b"being reset" in meanwhile[0].body


@pytest.mark.parametrize("headers", [{}, {TOKEN: "guessed"}], ids=["none", "wrong"])
def test_only_who_knows_the_token_may_reset(tmp_path: Path, headers: dict[str, str]) -> None:
    with host_in(tmp_path, lambda _: None) as host:
        assert host.answer(CREATE).status == 200
        assert host.answer(request("POST", RESET, **headers)).status == 403
        assert b"left-behind" in host.answer(LIST).body


def test_only_who_knows_the_token_is_snowflakes_administrator(tmp_path: Path) -> None:
    def administer(statements: str, token: str) -> Reply:
        body = json.dumps({"statements": statements, "database": "FLEET"}).encode()
        return host.answer(request("POST", ADMINISTER, body, **{TOKEN: token}))

    with host_in(tmp_path, lambda _: None) as host:
        assert administer("CREATE ROLE LOADER", "guessed").status == 403
        assert administer("CREATE ROLE LOADER", "known").status == 200
        wrong = administer("CREATE NONSENSE", "known")
        assert (wrong.status, b"SnowflakeError" in wrong.body) == (400, True)


def test_a_reset_that_fails_is_reported_and_every_call_after_it_is_refused(tmp_path: Path) -> None:
    def break_second(number: int) -> None:
        if number:
            raise OSError("disk full")

    with host_in(tmp_path, break_second) as host:
        reset = host.answer(RESETTING)
        assert (reset.status, b"disk full" in reset.body) == (500, True)
        assert (host.answer(LIST).status, b"disk full" in host.answer(LIST).body) == (503, True)


def test_dms_keeps_to_awss_rate_once_a_large_fleet_is_deployed_and_again_after_a_reset(tmp_path: Path) -> None:
    names = [f"shop-{number}" for number in range(DMS_API_BURST.value // 3 + 1)]  # three calls to deploy each
    databases = tuple(Database(name, "here", name, "one", ("public",), onboarded=True) for name in names)
    server = Server(
        "here", "postgresql", "fleet/server/here", ssl_mode="none", databases_at_once=1000, connections_at_once=30_000
    )
    registry = Registry(SETTINGS, (server,), databases)
    method, target, body, headers = by_hand("DescribeAccountAttributes")
    describe = request(method, target, body, **headers)

    def asked_too_often() -> list[int]:
        return [host.answer(describe).status for _ in range(DMS_API_BURST.value + 1)]

    # Frozen: on a clock that flows the bucket is filled up while so many requests are made.
    with Host(
        lambda: LocalCloud(tmp_path, registry, {server.secret: {}}, clock="frozen"), admin_paths("known")
    ) as host:
        assert asked_too_often() == [200] * DMS_API_BURST.value + [400]
        assert b"ThrottlingException" in host.answer(describe).body
        assert host.answer(LIST).status == 200
        assert host.answer(RESETTING).status == 200
        assert asked_too_often() == [200] * DMS_API_BURST.value + [400]


def test_closing_waits_for_no_idle_connection() -> None:
    with HttpServer(lambda _: Reply(200, {}, b"here")) as server:
        connection = http.client.HTTPConnection(LOOPBACK, server.port)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"here"
    with closing(connection):
        connection.request("GET", "/")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            connection.getresponse()


def test_a_long_answer_is_compressed_for_who_asks_for_that_and_for_nobody_else() -> None:
    body, kind = json.dumps({"settings": ["a", "b"] * 2_000}).encode(), "application/x-amz-json-1.1"
    with (
        HttpServer(lambda _: Reply(200, {"Content-Type": kind}, body)) as server,
        closing(http.client.HTTPConnection(LOOPBACK, server.port)) as connection,
    ):
        connection.request("POST", "/", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        encoding, content = answer.getheader("Content-Encoding"), answer.read()
        connection.request("POST", "/", headers={"Accept-Encoding": "identity"})
        assert connection.getresponse().read() == body
    assert (encoding, gzip.decompress(content)) == ("gzip", body)
    assert len(content) < 1_000


def test_an_answer_comes_whole_so_that_no_client_has_its_head_alone() -> None:
    body = b"x" * 8_000
    asked = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
    with HttpServer(lambda _: Reply(200, {}, body)) as server, socket.create_connection((LOOPBACK, server.port)) as raw:
        for _ in range(200):
            raw.sendall(asked)
            assert raw.recv(65_536).endswith(b"\r\n\r\n" + body)
