"""What no client of AWS would send is refused with a 4xx in every service; a 500 is a fault of the local cloud."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud.http.messages import Reply
from localcloud.http.routing import Router
from localcloud.http.server import LOOPBACK, HttpServer
from localcloud.http.services import SERVICES
from localcloud.service_models import model_of
from localcloud.tests.http.bad_requests import DEEP, request, spoilt
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint, signed

BUCKET = "of-tests"
OF_XML = {"Content-Type": "application/x-www-form-urlencoded"}
OF_JSON = {"Content-Type": "application/x-amz-json-1.1"}
# Of EC2 what a stack touches: its model has 700 operations, each of which moto reads like the others.
_EC2 = (
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "CreateSubnet",
    "CreateVpc",
    "CreateTags",
    "RunInstances",
)
_EC2 += ("DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeAvailabilityZones", "DescribeTags")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An account that held nothing but a bucket, before the tests of this module."""
    logging.getLogger("localcloud.http.routing").setLevel(logging.ERROR)  # a line for each refusal is right, and many
    with empty_endpoint(tmp_path_factory.mktemp("cloud"), BUCKET) as opened:
        yield opened


@pytest.mark.parametrize("service", sorted(set(SERVICES.values())))
def test_no_request_breaks_a_service(endpoint: Endpoint, service: str) -> None:
    router, broken = Router(endpoint.cloud), []
    for operation in _EC2 if service == "ec2" else model_of(service).operation_names:  # type: ignore[union-attr]
        if service == "s3":  # an operation before may have taken them away
            for target in (f"/{BUCKET}", f"/{BUCKET}/of-nonsense"):
                router.answer(request("PUT", target, b"", signed("s3")))
        for one in spoilt(service, operation):
            reply = router.answer(one)
            if reply.status >= 500 and b"not emulated here" not in reply.body:
                broken.append((operation, one.target, one.body[:60], reply.body[:300]))
    assert broken == []


def _posted(service: str, body: bytes, target: str = "") -> tuple[str, str, bytes, dict[str, str]]:
    return "POST", "/", body, signed(service, **({**OF_JSON, "X-Amz-Target": target} if target else OF_XML))


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (("GET", f"/{BUCKET}?list-type=2&max-keys=abc"), 400, b"InvalidArgument"),
        (("GET", f"/{BUCKET}?list-type=2&encoding-type=url&max-keys=abc"), 400, b"InvalidArgument"),
        (("GET", f"/{BUCKET}?list-type=2&continuation-token=bogus"), 400, b"InvalidArgument"),
        (("PUT", f"/{BUCKET}/k?uploadId=bogus&partNumber=1", b"x"), 404, b"NoSuchUpload"),
        (("POST", f"/{BUCKET}/k?uploadId=bogus", b"<CompleteMultipartUpload/>"), 404, b"NoSuchUpload"),
        (("POST", f"/{BUCKET}?delete", b"<Delete><Object>"), 400, b"MalformedXML"),
        (("POST", f"/{BUCKET}?delete", b"<Delete></Delete>"), 400, b"MalformedXML"),
        (("PUT", f"/{BUCKET}?lifecycle", b"<no"), 400, b"MalformedXML"),
        (("PUT", f"/{BUCKET}?policy", b"no policy"), 400, b"MalformedPolicy"),
        (_posted("secretsmanager", b"{}", "secretsmanager.GetSecretValue"), 400, b"ValidationException"),
        (_posted("secretsmanager", DEEP, "secretsmanager.GetSecretValue"), 400, b"SerializationException"),
        (_posted("events", b'{"Entries":{"a":1}}', "AWSEvents.PutEvents"), 400, b"ValidationException"),
        (_posted("events", b'{"Entries":[{"Detail":5}]}', "AWSEvents.PutEvents"), 400, b"ValidationException"),
        (_posted("iam", b"Action=NoSuchThing&Version=2010-05-08"), 400, b"InvalidAction"),
        (_posted("iam", b"Action=ListRoles&Version=2010-05-08&MaxItems=abc"), 400, b"ValidationError"),
    ],
)
def test_a_bad_request_gets_awss_code(
    endpoint: Endpoint, asked: tuple[str, str] | tuple[str, str, bytes, dict[str, str]], status: int, code: bytes
) -> None:
    method, target, body, headers = (*asked, b"", signed("s3"))[:4] if len(asked) == 2 else (*asked, signed("s3"))[:4]
    answered, _, said = endpoint.ask(method, target, body, headers)
    assert (answered, code in said) == (status, True), said


def test_many_writers_and_readers_of_one_key_are_all_answered(endpoint: Endpoint) -> None:
    plain, described = signed("s3"), signed("s3", **{"x-amz-meta-of": "tests"})
    endpoint.ask("PUT", f"/{BUCKET}/contended", b"0", plain)

    def ask(number: int) -> int:
        if number % 3 == 0:
            return endpoint.ask("GET", f"/{BUCKET}/contended", None, plain)[0]
        headers = plain if number % 2 else described
        return endpoint.ask("PUT", f"/{BUCKET}/contended", b"x" * 50_000, headers)[0]

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(200))) == {200}


@pytest.mark.parametrize("sent", [b"PUT /b/k HT", b"PUT /b/k HTTP/1.1\r\nHost: x\r\nX-A"])
def test_a_request_whose_head_does_not_come_whole_frees_its_connection(sent: bytes) -> None:
    with (
        HttpServer(lambda _: Reply(200, {}, b""), patience_seconds=0.05) as server,
        socket.create_connection((LOOPBACK, server.port)) as line,
    ):
        line.sendall(sent)
        assert line.recv(1_000) == b""  # closed by the server


@pytest.mark.parametrize("sent", [b"Content-Length: 9\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"])
def test_a_request_whose_body_does_not_come_whole_is_refused_and_frees_its_connection(sent: bytes) -> None:
    with (
        HttpServer(lambda _: Reply(200, {}, b""), patience_seconds=0.05) as server,
        socket.create_connection((LOOPBACK, server.port)) as line,
    ):
        line.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\n" + sent)
        said = b"".join(iter(lambda: line.recv(1_000), b""))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"RequestTimeout" in said


def test_a_connection_between_two_requests_may_be_silent_for_longer() -> None:
    asked = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with (
        HttpServer(lambda _: Reply(200, {}, b""), patience_seconds=0.05) as server,
        socket.create_connection((LOOPBACK, server.port)) as silent,
        socket.create_connection((LOOPBACK, server.port)) as late,
    ):
        silent.sendall(asked)
        assert silent.recv(1_000).startswith(b"HTTP/1.1 200 ")
        late.sendall(b"GET")
        assert late.recv(1_000) == b""  # so the patience with anybody is over
        silent.sendall(asked)
        assert silent.recv(1_000).startswith(b"HTTP/1.1 200 ")


def test_a_body_of_impossible_length_is_refused() -> None:
    with (
        HttpServer(lambda _: Reply(200, {}, b"")) as server,
        socket.create_connection((LOOPBACK, server.port)) as line,
    ):
        line.sendall(b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n")
        assert b"EntityTooLarge" in line.recv(1_000)
