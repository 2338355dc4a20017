"""Requests that no client of AWS would send, made from botocore's model of each service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import Message
from typing import Any
from urllib.parse import urlencode

from localcloud.http.messages import Request
from localcloud.http.services import SERVICES
from localcloud.service_models import model_of
from localcloud.tests.http.http_cloud import signed

DEEP = b'{"a":' * 3_000 + b"1" + b"}" * 3_000
SIGNED_FOR = {service: name for name, service in SERVICES.items()}


def request(method: str, target: str, body: bytes, headers: dict[str, str]) -> Request:
    """As one that came over the socket."""
    message = Message()
    for name, value in {"Host": "127.0.0.1:4566", "Content-Length": str(len(body)), **headers}.items():
        message[name] = value
    return Request(method, target, message, body)


def spoilt(service: str, operation: str) -> Iterator[Request]:
    """*operation* of *service* with nothing, with nonsense, with values of another type, and too deep."""
    model: Any = model_of(service)
    called: Any = model.operation_model(operation)
    members = dict(called.input_shape.members) if called.input_shape else {}
    headers = signed(SIGNED_FOR[service])
    known = {model.metadata["protocol"], *model.metadata.get("protocols", ())}
    match next((one for one in ("query", "json", "ec2") if one in known), "rest"):
        case "json":
            version = model.metadata.get("jsonVersion", "1.0")
            headers |= {"X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}"}
            headers |= {"Content-Type": f"application/x-amz-json-{version}"}
            nonsense = {name: _nonsense(shape) for name, shape in members.items()}
            other = {name: _of_another_type(shape) for name, shape in members.items()}
            bodies = (b"{}", b"<no JSON", b"[]", json.dumps(nonsense).encode(), json.dumps(other).encode(), DEEP)
            for body in bodies:
                yield request("POST", "/", body, headers)
        case "query" | "ec2":
            headers |= {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
            asked = {"Action": operation, "Version": model.metadata["apiVersion"]}
            listed = {f"{name}{end}": "?" for name in members for end in (".member.1", ".1", ".x.y", "")}
            for more in ({}, dict.fromkeys(members, "?"), dict.fromkeys(members, "-1"), listed):
                yield request("POST", "/", urlencode(asked | more).encode(), headers)
            yield request("POST", "/", urlencode(asked).encode() + b"&\xff=\xff", headers)
        case _:
            yield from _rest(called, members, headers)


def _rest(called: Any, members: dict[str, Any], headers: dict[str, str]) -> Iterator[Request]:
    target = called.http["requestUri"]
    asked: dict[str, str] = {}
    for name, shape in members.items():
        place = shape.serialization
        if place.get("location") == "uri":
            for form in (f"{{{place['name']}}}", f"{{{place['name']}+}}"):
                target = target.replace(form, "of-nonsense" if name != "Bucket" else "of-tests")
        elif place.get("location") == "querystring":
            asked[place["name"]] = "abc"
    method = called.http["method"]
    join = "&" if "?" in target else "?"
    for body in (b"", b"{", b"<no xml", b"<a><b>1</b></a>", b"\xff\xfe", DEEP):
        yield request(method, target, body, headers)
    yield request(method, f"{target}{join}{urlencode(asked)}", b"", headers)


def _nonsense(shape: Any) -> Any:
    """A value of the right type that means nothing."""
    made = {"string": "?", "integer": -1, "long": -1, "double": -1.5, "float": -1.5, "boolean": True, "timestamp": -1}
    if shape.type_name == "list":
        return [_nonsense(shape.member)] if shape.member.type_name not in {"list", "structure"} else [{}]
    return made.get(shape.type_name, {})


def _of_another_type(shape: Any) -> Any:
    return 7 if shape.type_name in {"string", "list", "map", "structure"} else "seven"
