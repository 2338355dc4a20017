"""What went wrong, as one sentence with the next step, and the exit code: 2 where a person can mend it, 3 our fault."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    DataNotFoundError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from pydantic import ValidationError

from fleet.errors import ApiRefusedError, FleetError, QuotaExceededError, RegistryError, RequestError
from lambdas.clients.refusals import code_of, message_of, translate
from localcloud.errors import LocalCloudError, MachineError

USAGE, OUR_FAULT = 2, 3

_SIGN_IN = "Sign in to AWS; `fleet demo` needs no account."
_NOT_SIGNED_IN = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
    LoginError,
)
_CALLED_WRONGLY = (ParamValidationError, DataNotFoundError)
# Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html, and S3's own names:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (documented, 2026-11).
_CREDENTIALS_REFUSED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403"})
_NOT_THERE = frozenset(
    {"StateMachineDoesNotExist", "NoSuchBucket", "ResourceNotFoundException", "NotFoundException", "404"}
)

_NEXT: Mapping[int | None, str] = {
    errno.ENOENT: "Make the folder first, or name another place.",
    errno.ENOTDIR: "A part of it is a file: name another place.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.EACCES: "Name a place that you may write to and read.",
    errno.EPERM: "Name a place that you may write to and read.",
    errno.EROFS: "Nothing can be written there: name another place.",
    errno.ENOSPC: "Make room, or name another place.",
    errno.EDQUOT: "Make room, or name another place.",
    errno.ENAMETOOLONG: "Name a shorter one.",
    errno.ECONNREFUSED: "Nobody listens there: start it, or name another address.",
}


def explain(error: Exception) -> tuple[str, int] | None:
    """The sentence for *error* and the exit code; None for an error that nobody foresaw."""
    match error:
        case RegistryError() | RequestError() | QuotaExceededError() | MachineError():
            return str(error), USAGE
        case FleetError() | LocalCloudError():
            return str(error), OUR_FAULT
        case NoRegionError():
            return f"{error} Set AWS_DEFAULT_REGION, or one in your profile.", USAGE
        case ClientError():
            return _explain_answer(error)
        case BotoCoreError():
            return _explain_no_answer(error)
        case ValidationError():
            text = f"a document of the account is not as this version writes it: {error.errors()[0]['msg']}."
            return f"{text} Run `fleet deploy` of this version, or use the version that wrote it.", USAGE
        case OSError():
            return explain_system(error), USAGE
    return None


def explain_system(error: OSError) -> str:
    """What the system refused, of which file where it says so, and what to do."""
    what = error.strerror or str(error) or type(error).__name__
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{what}. {_NEXT.get(error.errno, 'Mend that, and start it again.')}"


def _explain_answer(error: ClientError) -> tuple[str, int]:
    """AWS answered, with a refusal."""
    code = code_of(error)
    said = f"{error.operation_name}: {code}: {message_of(error)}".rstrip(".: ")
    if code in _CREDENTIALS_REFUSED:
        return f"AWS does not take these credentials ({said}). {_SIGN_IN}", USAGE
    if code in _DENIED:
        return f"AWS refused {said}. Sign in to the fleet's account, as somebody who may do that.", USAGE
    if code in _NOT_THERE:
        where = "deploy it (`fleet deploy`), or mend `account`, `region` and `prefix` in settings.yaml"
        return f"the account holds no such fleet ({said}). Sign in to its account, or {where}.", USAGE
    ours = translate(error)
    if isinstance(ours, ApiRefusedError):
        return f"{ours}", OUR_FAULT
    return f"AWS cannot answer now ({said}). Try again in a minute.", USAGE


def _explain_no_answer(error: BotoCoreError) -> tuple[str, int]:
    """boto3 got no answer, or could not ask."""
    said = str(error).rstrip(".")
    if isinstance(error, _CALLED_WRONGLY):
        return f"{said}.", OUR_FAULT
    if isinstance(error, _NOT_SIGNED_IN):
        return f"{said}. {_SIGN_IN}", USAGE
    if isinstance(error, (HTTPClientError, NoConnectionError)):
        return f"AWS cannot be reached: {said}. See the network, and AWS_ENDPOINT_URL where that is set.", USAGE
    return f"{said}. Mend the AWS_... variables of the environment, or ~/.aws/config.", USAGE
