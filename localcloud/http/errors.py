"""A refusal in the form that the service's clients read: JSON, or one of three kinds of XML."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from localcloud.http.messages import Reply, Request
from localcloud.in_process_transport import AwsError

_FORM = "application/x-www-form-urlencoded"
_XML = "text/xml"
_REST_XML = frozenset({"s3", "s3control", "route53", "cloudfront"})


def refusal(error: AwsError, request: Request, service: str) -> Reply:
    """*error* as *service* (nothing if unknown) would write it for *request*."""
    code, message = escape(error.code), escape(error.message)
    headers = {"x-amzn-ErrorType": error.code}
    body = json.dumps({"__type": error.code, "message": error.message})
    if service == "ec2":
        kind = _XML
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors></Response>"
    elif service in _REST_XML:
        kind = "application/xml"
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    elif request.header("Content-Type").startswith(_FORM):
        kind, sender = _XML, "Sender" if error.status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{sender}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            "</ErrorResponse>"
        )
    else:
        kind = request.header("Content-Type") if request.header("X-Amz-Target") else "application/json"
    return Reply(error.status, {**headers, "Content-Type": kind or "application/json"}, body.encode())
