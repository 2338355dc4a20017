"""What AskSource says over the wire to a server that speaks TDS, encrypted and not. No SQL Server was reached."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytds
import pytest
from cryptography import x509

from fleet.counts import Count
from fleet.databases import SslMode
from lambdas.handlers.ask_source import SPEAKERS
from lambdas.sources import sqlserver
from lambdas.sources.tds_encryption import names_host
from localcloud.dms.engines.reader import Login, SourceUnreachableError
from localcloud.dms.engines.sqlserver import SqlServerReader
from localcloud.tests.certificates import make_certificate, make_server_certificate
from tds_server import Answer, TdsServer, serve_tds

TABLES = [("dbo", "a"), ("dbo", "b"), ("dbo", "c")]


def secret_of(server: TdsServer, **more: Any) -> Mapping[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "username": "dms", "password": "secret", **more}


def count(secret: Mapping[str, Any], mode: SslMode, seconds_each: float = 5) -> list[Count]:
    return sqlserver.ask_counts(secret, "Shop", TABLES, mode, seconds_each, lambda: True)


def fail(secret: Mapping[str, Any], mode: SslMode) -> tuple[str, str, str]:
    """Class, name and words of the failure that counting is."""
    speaker = SPEAKERS["sqlserver"]
    with pytest.raises(speaker.errors) as caught:
        count(secret, mode)
    failure = speaker.describe_failure(caught.value)
    return failure.failure_class, failure.name, failure.text


@pytest.mark.parametrize("mode", ["none", "require", "verify-ca", "verify-full"])
def test_tables_are_counted_under_every_mode(tmp_path: Path, mode: SslMode) -> None:
    made = make_server_certificate("somebody", ["source.example.com", "127.0.0.1"])
    with serve_tds(tmp_path, made if mode != "none" else None, lambda query: 7 if "COUNT" in query else 0) as server:
        assert count(secret_of(server, certificate=made[0]), mode) == [Count(*name, 7) for name in TABLES]


def test_require_compares_nothing(tmp_path: Path) -> None:
    with serve_tds(tmp_path, make_server_certificate("somebody else")) as server:
        assert len(count(secret_of(server, certificate="not even PEM"), "require")) == 3
        SqlServerReader().check(Login("127.0.0.1", server.port, "Shop", "dms", "secret", "require"))


def test_an_authority_that_is_not_the_servers_is_named_before_the_password_is_sent(tmp_path: Path) -> None:
    with serve_tds(tmp_path, make_server_certificate("somebody else", ["127.0.0.1"])) as server:
        failure_class, name, text = fail(secret_of(server, certificate=make_certificate()), "verify-ca")
        assert (failure_class, name) == ("connection", "CertificateNotAccepted")
        assert "'CN=somebody else', issued by 'CN=somebody else', is not trusted" in text
        assert server.logins == 0


def test_a_certificate_of_another_host_is_named_before_the_password_is_sent(tmp_path: Path) -> None:
    made = make_server_certificate("127.0.0.1", ["another.example.com"])
    with serve_tds(tmp_path, made) as server:
        failure_class, name, text = fail(secret_of(server, certificate=made[0]), "verify-full")
        assert (failure_class, name) == ("connection", "CertificateNotAccepted")
        assert "it is for another.example.com, not for 127.0.0.1" in text
        assert server.logins == 0


@pytest.mark.parametrize("pem", ["nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "é"])
def test_a_secret_whose_certificate_is_none_is_a_failure_of_its_own(tmp_path: Path, pem: str) -> None:
    with serve_tds(tmp_path, make_server_certificate("source")) as server:
        failure_class, name, text = fail(secret_of(server, certificate=pem), "verify-ca")
    assert (failure_class, name) == ("credentials", "CertificateUnusable")
    assert "`certificate`" in text
    assert pem not in text


def test_a_server_that_cannot_encrypt_is_a_failure_of_the_connection(tmp_path: Path) -> None:
    with serve_tds(tmp_path) as server:
        failure_class, _, text = fail(secret_of(server), "require")
    assert failure_class == "connection"
    assert "encryption" in text


def test_a_login_that_is_refused_is_of_class_credentials_in_the_servers_words(tmp_path: Path) -> None:
    with serve_tds(
        tmp_path, make_server_certificate("s"), refuses=((18456, "Login failed for user 'dms'."),)
    ) as server:
        failure_class, _, text = fail(secret_of(server), "require")
    assert failure_class == "credentials"
    assert text == "the source refused: Login failed for user 'dms'"


def test_an_instance_beside_the_port_is_dropped_because_the_driver_takes_one_of_the_two(tmp_path: Path) -> None:
    with serve_tds(tmp_path) as server:
        assert len(count(secret_of(server, host=r"127.0.0.1\SALES"), "none")) == 3


def test_a_server_that_is_down_is_said_to_refuse_the_connection() -> None:
    error = pytds.tds_base.TimeoutError()  # as the driver raises it once it has tried often enough
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    failure = sqlserver.describe_failure(error)
    assert failure.failure_class == "connection"
    assert "Connection refused" in failure.text


def test_a_server_that_is_down_is_lost_to_the_local_dms_with_words() -> None:
    def connect(**_: Any) -> Any:
        raise TimeoutError from ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(SourceUnreachableError, match="Connection refused"):
        SqlServerReader(connect).check(Login("127.0.0.1", 1, "Shop", "dms", "secret"))


def test_a_slow_table_is_cancelled_at_the_server_and_the_others_are_counted(tmp_path: Path) -> None:
    def answer(query: str) -> Answer:
        return None if "[b]" in query else 3 if "COUNT" in query else 0

    with serve_tds(tmp_path, make_server_certificate("s"), answer) as server:
        counted = count(secret_of(server), "require", 0.2)
        assert counted == [
            Count("dbo", "a", 3),
            Count("dbo", "b", None, "no answer within 0.2 s"),
            Count("dbo", "c", 3),
        ]
        assert server.cancelled == 1
        assert "SET LOCK_TIMEOUT 100" in server.asked


def test_a_table_that_the_server_refuses_to_count_has_its_words(tmp_path: Path) -> None:
    def answer(query: str) -> Answer:
        return (208, 16, "Invalid object name 'dbo.b'.") if "[b]" in query else 3 if "COUNT" in query else 0

    with serve_tds(tmp_path, None, answer) as server:
        _, refused, after = count(secret_of(server), "none")
    assert refused == Count("dbo", "b", None, "Invalid object name 'dbo.b'.")
    assert after == Count("dbo", "c", 3)


@pytest.mark.parametrize(
    ("common_name", "names", "host", "is_it"),
    [
        ("source.example.com", [], "SOURCE.example.com", True),
        ("source.example.com", ["other.example.com"], "source.example.com", False),
        ("x", ["other.example.com", "source.example.com"], "source.example.com", True),
        ("x", ["*.example.com"], "source.example.com", True),
        ("x", ["*.example.com"], "a.source.example.com", False),
        ("x", ["*.com"], "example.com", False),
        ("x", ["10.0.0.1"], "10.0.0.1", True),
        ("x", ["10.0.0.2"], "10.0.0.1", False),
    ],
)
def test_a_certificate_is_a_hosts_by_its_alternative_names_and_by_its_common_name_without_them(
    common_name: str, names: list[str], host: str, is_it: bool
) -> None:
    pem = make_server_certificate(common_name, names)[0]
    assert names_host(x509.load_pem_x509_certificate(pem.encode()), host) is is_it


def test_the_other_engines_name_the_certificate_as_well() -> None:
    """PostgreSQL and MySQL both encrypt by Python's own means."""
    for engine in ("postgresql", "mysql"):
        speaker = SPEAKERS[engine]
        refused = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        failure = speaker.describe_failure(refused)
        assert (failure.failure_class, failure.name) == ("connection", "CertificateNotAccepted")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            secret = {"host": "127.0.0.1", "port": silent.getsockname()[1], "username": "u", "password": "p"}
            with pytest.raises(speaker.errors) as caught:
                speaker.census({**secret, "certificate": "nonsense"}, "shop", ["public"], "verify-full")
        assert speaker.describe_failure(caught.value).name == "CertificateUnusable"
