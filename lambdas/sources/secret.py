"""A server's secret as every engine's driver takes it: read once, checked whole, and never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fleet.failures import Failure
from lambdas.sources.encryption import AUTHORITY

_TEXTS = ("host", "username", "password")
_WANTED = "Wanted a JSON object with the texts host, username and password and the number port"


def read_secret(name: str, answer: Mapping[str, Any]) -> Mapping[str, Any] | Failure:
    """The members of secret *name* that connect, from what GetSecretValue answers, or what is wrong with them.

    Source: https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html: DMS reads the same four
    members. No value is ever part of a failure's text: it may be the password.

    >>> read_secret("s", {"SecretString": '{"host": "h", "port": "5432", "username": "u", "password": "p"}'})["port"]
    5432
    >>> read_secret("s", {"SecretString": '{"host": "h", "port": 5432, "password": "p"}'}).text.partition(". ")[0]
    "secret 's' cannot be used: it has no `username`"
    """
    complaint, members = _understand(answer)
    if complaint:
        return Failure("credentials", "SecretUnusable", f"secret {name!r} cannot be used: {complaint}. {_WANTED}.")
    return members


def _understand(answer: Mapping[str, Any]) -> tuple[str, dict[str, object]]:
    """What is wrong, all of it, or nothing; and the members."""
    text = answer.get("SecretString")
    if text is None:
        return "it is binary", {}
    try:
        found = json.loads(text)
    except ValueError:
        return "it is no JSON", {}
    if not isinstance(found, dict):
        return "it is JSON, but no object", {}
    members = {key: found[key] for key in (*_TEXTS, "port", AUTHORITY) if found.get(key) is not None}
    members["port"] = _read_port(found.get("port"))
    complaints = [
        f"it has no `{key}`" if found.get(key) in (None, "") else f"its `{key}` is not {wanted}"
        for key, is_right, wanted in (
            *((key, _is_text(found.get(key)), "a text") for key in _TEXTS),
            ("port", members["port"] > 0, "a whole number from 1 to 65535"),
        )
        if not is_right
    ]
    if not _is_text(found.get(AUTHORITY, "none")) and found.get(AUTHORITY) not in (None, ""):
        complaints.append(f"its `{AUTHORITY}` is no text")
    if _is_text(found.get("host")) and not _is_host(found["host"]):
        complaints.append("its `host` holds spaces or characters beyond ASCII")
    return ", ".join(complaints), members


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_host(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _read_port(value: object) -> int:
    """The port, or 0 where *value* is none. Secrets that AWS makes hold a number, those of people also its digits."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    digits = str(value) if is_number or isinstance(value, str) else ""
    return int(digits) if digits.isascii() and digits.isdecimal() and 0 < int(digits) < 65_536 else 0
