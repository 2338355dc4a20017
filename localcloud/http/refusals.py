"""What AWS answers to a request that cannot be read, where moto breaks over it.

moto looks at little before it uses it: a parameter that is missing or of another type is an error of Python's there.
"""

from __future__ import annotations

from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from botocore.model import OperationNotFoundError

from localcloud.http.messages import Request
from localcloud.in_process_transport import AwsError

# The services' own code for a value that they do not take; ValidationException where a service has none listed here.
# Sources, of 2026-11-29: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (and the pages of that
# name of STS and SNS), https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_CODES = {
    "ec2": "InvalidParameterValue",
    "cloudwatch": "InvalidParameterValue",
    "iam": "ValidationError",
    "sts": "ValidationError",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
    "secretsmanager": "InvalidParameterException",
    "events": "ValidationException",
}


def unread(service: str, request: Request, error: BaseException) -> AwsError:
    """The refusal of *request*, over which *error* came up."""
    cause = error.__cause__ or error
    words = f"the request cannot be read ({type(cause).__name__}: {str(cause)[:200]})"
    if isinstance(cause, OperationNotFoundError):
        return AwsError("InvalidAction", f"The action {cause} is not valid for this web service.")
    if service == "s3":
        return _unread_by_s3(request, cause, words)
    return AwsError(_CODES.get(service, "ValidationException"), words)


def _unread_by_s3(request: Request, cause: BaseException, words: str) -> AwsError:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (documented)"""
    upload = request.query.get("uploadId")
    if upload is not None and isinstance(cause, KeyError) and cause.args == (upload,):
        return AwsError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
            "completed.",
            404,
        )
    if isinstance(cause, ParseError | ExpatError) or (request.query and request.body.lstrip().startswith(b"<")):
        return AwsError(
            "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
        )
    return AwsError("InvalidArgument", words)
