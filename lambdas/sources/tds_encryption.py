"""What encrypts a connection to a SQL Server: the driver makes a context of its own, which compares too much or fails.

The driver (python-tds 1.17) takes the name of a file of authorities and nothing else. With it, it compares the
authority always, and the server's name by a method that pyOpenSSL no longer has. It has no parameter for another
context, so its maker of contexts is replaced here, for the whole process: it hands out the one of this thread.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from tempfile import NamedTemporaryFile
from typing import Any

import pytds.tls
from cryptography import x509
from OpenSSL import SSL

from fleet.databases import SslMode
from lambdas.sources.encryption import read_authority

_CONTEXT: ContextVar[SSL.Context] = ContextVar("context")
pytds.tls.create_context = lambda _: _CONTEXT.get()


@contextmanager
def encrypted(secret: Mapping[str, Any], host: str, ssl_mode: SslMode) -> Iterator[dict[str, object]]:
    """What `pytds.connect`, called inside, takes to encrypt as *ssl_mode* says.

    Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Security.SSL.html: `require` compares nothing.

    Raises:
        UnusableCertificateError: The secret's certificate is to be compared with, and is none.
        SSLCertVerificationError: The server's certificate is not accepted; says which, and why.
        SSLError: The two do not find a way to encrypt.
    """
    if ssl_mode == "none":
        yield {"cafile": None, "validate_host": False}
        return
    refused: list[str] = []
    token = _CONTEXT.set(_make_context(secret, host, ssl_mode, refused))
    try:
        # Any name will do for the file: without one the driver encrypts nothing, and does not say so.
        yield {"cafile": "see tds_encryption.py", "validate_host": False}
    except SSL.Error as error:
        if refused:
            raise ssl.SSLCertVerificationError(1, refused[0]) from error
        raise ssl.SSLError(1, f"the encryption failed: {_reasons(error)}") from error
    finally:
        _CONTEXT.reset(token)


def _make_context(secret: Mapping[str, Any], host: str, ssl_mode: SslMode, refused: list[str]) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    # TDS 7 carries the handshake inside its own packets, which fits TLS 1.2 and not 1.3.
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    if ssl_mode == "require":
        return context
    if (pem := read_authority(secret)) is not None:
        with NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pem)
            file.flush()
            context.load_verify_locations(file.name)
    else:
        trusted = ssl.get_default_verify_paths()
        context.load_verify_locations(trusted.cafile or trusted.openssl_cafile)

    def accept(_: SSL.Connection, shown: Any, error_number: int, depth: int, is_trusted: int) -> bool:
        certificate = shown.to_cryptography()
        subject = certificate.subject.rfc4514_string()
        if not is_trusted:
            issuer = certificate.issuer.rfc4514_string()
            refused.append(
                f"{subject!r}, issued by {issuer!r}, is not trusted or not valid (OpenSSL's error {error_number})"
            )
        elif depth == 0 and ssl_mode == "verify-full" and not names_host(certificate, host):
            refused.append(f"it is for {', '.join(_names(certificate)) or subject}, not for {host}")
        return not refused

    context.set_verify(SSL.VERIFY_PEER, accept)
    return context


def names_host(certificate: x509.Certificate, host: str) -> bool:
    """Whether *certificate* is *host*'s: an alternative name is it, or a wildcard in place of its first part; the
    common name counts only where there is no alternative name. Source: RFC 6125, 6.4.
    """
    wanted = host.lower().rstrip(".")
    _, _, parent = wanted.partition(".")
    is_address = _is_address(wanted)
    return any(
        name == wanted or (not is_address and "." in parent and name == f"*.{parent}")
        for name in (one.lower().rstrip(".") for one in _names(certificate))
    )


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(one.value) for one in common]
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _reasons(error: SSL.Error) -> str:
    """OpenSSL's words: its errors hold a list of library, function and reason."""
    found = [str(one[-1]) for one in error.args[0]] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(found) or "no reason given"
