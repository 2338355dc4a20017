"""moto with its routes remembered: by itself it looks for the service and builds its table of URLs at each request.

The same handlers of moto get the same requests; only the search is done once for a host and once for a service. And a
request whose bytes are complete is answered before botocore prepares it for a network, signs it and plans retries.
"""

from __future__ import annotations

import io
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import localcloud.moto_import  # noqa: F401

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.endpoint import convert_to_response_dict
from botocore.model import OperationModel
from botocore.parsers import ResponseParser, ResponseParserFactory
from moto import backend_index
from moto.core.base_backend import BackendDict
from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID, botocore_stubber
from moto.core.request import normalize_request
from werkzeug.exceptions import HTTPException

from localcloud.in_process_transport import AwsError, response

# Where moto looks for who asks; nobody computes the signature that would follow.
_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=local/20260101/eu-central-1/any/aws4_request"

_OURS, _MOTO = Path(__file__).resolve().parents[1], "moto"

# Operations of S3 that need no checksum of ours.
_BARE = {"GetObject", "PutObject", "ListObjectsV2"}

# What S3's rules ask of an object's key is about kinds of buckets that are not emulated here.
_NO_PART_OF_ADDRESSES = {"Key", "Prefix", "CopySource"}

_AS_THEY_COME = {"S", "N", "BOOL", "NULL", "SS"}

Routes = list[tuple[re.Pattern[str], Any]]


def shorten(
    client: Any,
    first: Callable[[AWSPreparedRequest, str], AWSResponse | None] = lambda *_: None,
    parsers: ResponseParserFactory | None = None,
) -> None:
    """Let *client*'s requests go to *first*, with the operation's name, and by remembered routes to moto if that
    answers None. *parsers*: what reads the answers.
    """
    protocol: Any = client.meta.service_model.resolved_protocol
    parser: ResponseParser = (parsers or ResponseParserFactory()).create_parser(protocol)
    _keep_plain_values(parser)

    def before_call(model: OperationModel, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, Any] | None:
        body = params["body"]
        if isinstance(body, io.BytesIO):  # into which botocore puts the bytes of an object
            body = bytes(body.getbuffer()[body.tell() :])
        if (protocol != "json" and model.name not in _BARE) or not isinstance(body, str | bytes | bytearray):
            return None
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = HeadersDict({**params["headers"], "Content-Length": str(len(content))})
        request = AWSPreparedRequest(params["method"], params["url"], headers, content, model.has_streaming_output)
        answered = first(request, str(model.name)) or answer(request)
        return answered, _parsed(answered, model, parser)

    def before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
        return first(request, event_name.rpartition(".")[2]) or answer(request)

    _remember_addresses(client)
    # botocore asks every handler, so moto's own would still run.
    client.meta.events.unregister("before-send", botocore_stubber)
    client.meta.events.register_first("before-send", before_send)
    # Last: what others change in a request is in it by then.
    client.meta.events.register_last("before-call", before_call)


def _keep_plain_values(parser: Any) -> None:
    """Let *parser* take DynamoDB's strings, numbers and truths as they come: it would ask for ten members of each."""
    handle: Any = getattr(parser, "_handle_structure", None)

    def handle_structure(shape: Any, value: Any) -> Any:
        if shape.name == "AttributeValue" and type(value) is dict and value.keys() <= _AS_THEY_COME and len(value) == 1:
            return value
        return handle(shape, value)

    if handle is not None:
        parser._handle_structure = handle_structure


def _remember_addresses(client: Any) -> None:
    """Let *client* find out only once where an operation on a bucket or table is sent: botocore goes through its rules
    each time. An object's key does not change the address. The client's Region and settings never change, so an
    address stays right.
    """
    resolver = client._ruleset_resolver
    resolve = resolver.construct_endpoint
    known: dict[Any, Any] = {}

    def construct_endpoint(
        operation_model: OperationModel, call_args: dict[str, Any] | None, request_context: dict[str, Any] | None
    ) -> Any:
        if operation_model.operation_context_parameters:
            return resolve(operation_model, call_args, request_context)
        parameters: Any = operation_model.context_parameters
        deciding = {one.member_name for one in parameters} - _NO_PART_OF_ADDRESSES
        asked = call_args or {}
        place = operation_model.name, *(str(asked.get(name)) for name in sorted(deciding))
        if place not in known:
            known[place] = resolve(operation_model, call_args, request_context)
        return known[place]

    resolver.construct_endpoint = construct_endpoint


class _Headers(dict[str, str]):
    """An answer's headers, found in upper or lower case: botocore's own class makes an object at each look-up."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__((name.lower(), value) for name, value in headers.items())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def _parsed(answered: AWSResponse, model: OperationModel, parser: ResponseParser) -> Any:
    """What botocore's own endpoint would make of the answer."""
    read = convert_to_response_dict(answered, model)
    read["headers"] = _Headers(answered.headers)
    parsed = parser.parse(read, model.output_shape)
    if answered.status_code >= 300:
        code = parsed.get("Error", {}).get("Code")
        if shape := code and model.service_model.shape_for_error_code(code):
            parsed.update(parser.parse(read, shape))
    parsed["ResponseMetadata"]["RetryAttempts"] = 0
    return parsed


class UnreadByMotoError(Exception):
    """moto failed at a request. It does so where AWS would refuse one, because moto checks little before it begins."""


def _is_ours(error: BaseException) -> bool:
    """Whether it came from our own code, which moto calls where we correct it."""
    files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)[2:]]  # without the two that ask moto
    last = next((file for file in reversed(files) if _MOTO in Path(file).parts or _OURS in Path(file).parents), "")
    return _OURS in Path(last).parents


@contextmanager
def breaking_over_requests() -> Iterator[None]:
    """While moto answers: refusals pass, and what it breaks over becomes an UnreadByMotoError."""
    try:
        yield
    # What moto refuses, what it does not have, and what we refuse from within it.
    except (HTTPException, ServiceException, NotImplementedError, AwsError):
        raise
    except Exception as error:
        if _is_ours(error):
            raise
        raise UnreadByMotoError(error) from error


def answer(request: AWSPreparedRequest) -> AWSResponse:
    """What moto answers to *request*.

    Raises:
        UnreadByMotoError: moto broke over it.
    """
    if not botocore_stubber.enabled:
        raise RuntimeError(f"moto is off, so nothing may be sent to {request.url}")
    url = request.url.partition("?")[0]
    for pattern, handle in _routes(_service("/".join(url.split("/", 3)[:3]))):
        if pattern.match(url):
            if "Authorization" not in request.headers:  # over HTTP it says who asks
                request.headers["Authorization"] = _AUTHORIZATION
            plain = normalize_request(request)
            try:
                with breaking_over_requests():
                    status, headers, body = handle(plain, plain.raw_url, plain.headers)
            except HTTPException as error:
                status, headers, body = error.code or 500, error.get_headers(), error.get_body()
            finally:
                plain.environ.clear()  # it refers to the request: the body would stay until garbage is collected
            return response(request.url, status, body.encode() if isinstance(body, str) else body, dict(headers))
    raise RuntimeError(f"moto has no route for {url}")


@lru_cache(maxsize=1_024)
def _service(host: str) -> str:
    for service, pattern in backend_index.backend_url_patterns:
        if pattern.match(host):
            return service
    raise RuntimeError(f"moto serves nothing at {host}")


@lru_cache(maxsize=64)
def _routes(service: str) -> Routes:
    if service == "ec2":
        import_module("localcloud.moto_ec2")  # not before: it takes its time, and hardly anybody asks for it
    # By name: pyright would take seconds to read all services of moto.
    found: Any = import_module("moto.backends").get_backend(service)
    of_account = found[DEFAULT_ACCOUNT_ID] if isinstance(found, BackendDict) else found
    backend = next(of_account[name] for name in ("us-east-1", "aws", "global") if name in of_account)
    return [(re.compile(url), handle) for url, handle in backend.urls.items()]
