"""One request to its answer: by the same code that answers the clients in this process."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict

from localcloud.authorization.facts import Facts
from localcloud.authorization.iam import Roles
from localcloud.authorization.judge import Judge
from localcloud.cloud import Cloud
from localcloud.http.bodies import unwrap_aws_chunks
from localcloud.http.errors import refusal
from localcloud.http.identity import read_caller
from localcloud.http.messages import Reply, Request
from localcloud.http.operations import operation_of, require_valid
from localcloud.http.parameters import read_parameters
from localcloud.http.refusals import unread
from localcloud.http.services import Addressed, UnknownServiceError, address
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.moto_fast_path.routes import UnreadByMotoError

_log = logging.getLogger(__name__)

_STATEMENTS = "/api/v2/statements"
# Of a connection, not of a request; the host is AWS's afterwards.
_LEFT_BEHIND = {"host", "connection", "accept", "expect", "keep-alive", "transfer-encoding"}
# Written by the server.
_NOT_PASSED_ON = {"content-length", "connection", "transfer-encoding", "date", "server"}


@dataclass
class _Asked:
    """What a request turned out to ask for, as far as it was understood."""

    service: str = ""
    operation: str = ""


class Router:
    """Answers requests for the services of one local cloud, and for its Snowflake's SQL API."""

    def __init__(self, cloud: Cloud) -> None:
        self._aws = cloud.aws
        self._judge = Judge(Facts(cloud.dms.tags), Roles(cloud.aws))
        self._snowflake = cloud.snowflake

    def answer(self, request: Request) -> Reply:
        """The answer to *request*; never raises."""
        asked = _Asked()
        try:
            reply = self._route(request, asked)
        except UnknownServiceError as error:
            asked.service = error.service
            reply = refusal(error, request, error.service)
        except AwsError as error:
            reply = refusal(error, request, asked.service)
        except UnreadByMotoError as error:
            _log.warning("%s %s could not be read: %r", asked.service, asked.operation, error.__cause__)
            reply = refusal(unread(asked.service, request, error), request, asked.service)
        except RecursionError as error:  # nothing here goes deeper than the request does
            _log.warning("%s %s goes too deep", asked.service, asked.operation)
            reply = refusal(unread(asked.service, request, error), request, asked.service)
        except NotImplementedError as error:  # moto's, for an operation it does not have
            reply = refusal(NotEmulatedError(f"{asked.service} {asked.operation}: {error}"), request, asked.service)
        except Exception as error:  # noqa: BLE001  the client gets it, and the log
            _log.exception("%s %s broke", asked.service, asked.operation)
            fault = AwsError("InternalFailure", f"a fault of the local cloud: {error!r}", 500)
            reply = refusal(fault, request, asked.service)
        return _finished(reply, f"{asked.service or '-'} {asked.operation or f'{request.method} {request.path}'}")

    def _route(self, request: Request, asked: _Asked) -> Reply:
        if request.header("Origin"):
            # No client of AWS sends it, every browser does: a page that is open there is not to reach this account.
            raise AwsError("AccessDenied", "requests from web pages are not answered", 403)
        if _is_for_snowflake(request):
            asked.service = "snowflake"
            return self._ask_snowflake(request)
        to = address(request)
        asked.service = to.service
        request = _unwrapped(request)
        asked.operation = operation_of(to.service, request, to.path)
        if request.header("X-Amz-Target"):
            require_valid(to.service, asked.operation, request.body)
        if caller := read_caller(request):
            self._judge.require(
                caller.access_key, to.service, asked.operation, lambda: read_parameters(request, to, asked.operation)
            )
        return _reply(self._send(request, to, asked.operation), request.method)

    def _send(self, request: Request, to: Addressed, operation: str) -> AWSResponse:
        kept = [(name, value) for name, value in request.headers.items() if name.lower() not in _LEFT_BEHIND]
        prepared = AWSPreparedRequest(request.method, to.url, HeadersDict(kept), request.body, stream_output=False)
        return self._aws.send(to.service, operation, prepared)

    def _ask_snowflake(self, request: Request) -> Reply:
        status, content = self._snowflake.answer(
            request.method, request.path, request.query, dict(request.headers.items()), request.body
        )
        return Reply(status, {"Content-Type": "application/json"}, json.dumps(content).encode())


def _is_for_snowflake(request: Request) -> bool:
    """Its path could be that of an object in a bucket "api", but what asks S3 for that is signed."""
    is_path = request.path == _STATEMENTS or request.path.startswith(f"{_STATEMENTS}/")
    return is_path and not request.header("Authorization").startswith("AWS") and "X-Amz-" not in request.target


def _unwrapped(request: Request) -> Request:
    body = unwrap_aws_chunks(request.body, request.headers)
    return request if body is request.body else Request(request.method, request.target, request.headers, body)


def _reply(response: AWSResponse, method: str) -> Reply:
    headers, body = dict(response.headers.items()), response.content
    if not body and method != "HEAD":
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return Reply(response.status_code, headers, body)


def _finished(reply: Reply, operation: str) -> Reply:
    """*reply* with a request's id, if it has none, and without what belongs to the connection."""
    headers = {name: value for name, value in reply.headers.items() if name.lower() not in _NOT_PASSED_ON}
    if not {"x-amzn-requestid", "x-amz-request-id"} & {name.lower() for name in headers}:
        headers["x-amzn-RequestId"] = str(uuid.uuid4())
    length = next((value for name, value in reply.headers.items() if name.lower() == "content-length"), None)
    if length is not None and not reply.body:
        headers["Content-Length"] = str(length)  # of HEAD: as long as the body would have been
    return Reply(reply.status, headers, reply.body, operation)
