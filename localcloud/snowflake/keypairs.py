"""Who sends a request: a user who signed a token with a key pair that the account knows.

The rules of a KEYPAIR_JWT: RS256; `iss` = ACCOUNT.USER.SHA256:<fingerprint of the public key>, `sub` = ACCOUNT.USER, in
upper case; at most one hour. Source: https://docs.snowflake.com/en/developer-guide/sql-api/authenticating (documented).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from localcloud.snowflake.definitions.catalogue import Catalogue

_LONGEST_SECONDS = 3_600
_SKEW_SECONDS = 60


class UnauthenticatedError(Exception):
    """The request carries no proof of a user; the SQL API answers 401."""


def authenticated_user(headers: Mapping[str, str], catalogue: Catalogue, *, account: str, now: datetime) -> str:
    """The user whose token the headers carry. Raises UnauthenticatedError and says why."""
    given = {name.lower(): value for name, value in headers.items()}
    kind = given.get("x-snowflake-authorization-token-type", "KEYPAIR_JWT")
    if kind != "KEYPAIR_JWT":
        raise UnauthenticatedError(f"not emulated here: tokens of type {kind}; send a KEYPAIR_JWT")
    scheme, _, token = given.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise UnauthenticatedError("JWT token is missing: no Authorization: Bearer header.")
    header, claims, signed, signature = _decoded(token)
    if header.get("alg") != "RS256":
        raise UnauthenticatedError(f"JWT token is invalid: alg is {header.get('alg')}, not RS256.")
    name = str(claims.get("sub", "")).removeprefix(f"{account}.")
    user = catalogue.find_object("USER", name)
    if claims.get("sub") != f"{account}.{name}" or user is None:
        raise UnauthenticatedError(f"JWT token is invalid: no user for sub {claims.get('sub')!r}.")
    for option in ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2"):
        if option in user and _has_signed(user[option], f"{account}.{name}", str(claims.get("iss")), signed, signature):
            _require_live(claims, now)
            return name
    raise UnauthenticatedError("JWT token is invalid: iss or signature fits no public key of the user.")


def _decoded(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    try:
        header, claims, signature = token.split(".")
        return json.loads(_bytes(header)), json.loads(_bytes(claims)), f"{header}.{claims}".encode(), _bytes(signature)
    except (ValueError, binascii.Error) as error:
        raise UnauthenticatedError("JWT token is invalid: it cannot be read.") from error


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@lru_cache(maxsize=64)
def _has_signed(public_key: str, subject: str, issuer: str, signed: bytes, signature: bytes) -> bool:
    """Judged once for a token, which a client sends for most of an hour."""
    der = base64.b64decode(public_key)
    fingerprint = base64.b64encode(hashlib.sha256(der).digest()).decode()
    if issuer != f"{subject}.SHA256:{fingerprint}":
        return False
    key = serialization.load_der_public_key(der)
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _require_live(claims: Mapping[str, Any], now: datetime) -> None:
    issued, expires, moment = float(claims.get("iat", 0)), float(claims.get("exp", 0)), now.timestamp()
    if issued > moment + _SKEW_SECONDS:
        raise UnauthenticatedError("JWT token is invalid: it was issued in the future.")
    # Snowflake lets a token live for an hour at most, whatever it says itself.
    if moment >= min(expires, issued + _LONGEST_SECONDS):
        raise UnauthenticatedError("JWT token has expired.")
