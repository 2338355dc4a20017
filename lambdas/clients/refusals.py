"""Our errors for AWS's refusals. One table, because Step Functions retries by our names only."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from fleet.errors import ApiRefusedError, FleetError, ThrottledError, TransientError

AGAIN = "It is tried again."
"""The remedy of what passes by itself."""

_THROTTLED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "SlowDown",
        "LimitExceededException",
    }
)
_TRANSIENT = frozenset(
    {
        "InternalFailure",
        "InternalError",
        "InternalServerError",
        "InternalServiceErrorException",
        "ServiceUnavailable",
        "ServiceException",
        "RequestTimeout",
        "TransactionConflictException",
        "TransactionCanceledException",  # by a conflict: who expects a condition to fail asks for that first
        "TransactionInProgressException",
        "OperationAborted",
        "ConditionalRequestConflict",
    }
)


def code_of(error: ClientError) -> str:
    """AWS's code of *error*, as `InvalidResourceStateFault`."""
    return error.response.get("Error", {}).get("Code", "")


def message_of(error: ClientError) -> str:
    """AWS's words."""
    return error.response.get("Error", {}).get("Message", "")


def is_throttled(error: ClientError) -> bool:
    """Whether AWS asks to slow down."""
    return code_of(error) in _THROTTLED


def is_refused_by_condition(error: ClientError) -> bool:
    """Whether a condition of a transaction did not hold.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html (the reasons come
    in the order of the transaction's parts, `None` for those that are not the cause).
    """
    reasons = error.response.get("CancellationReasons", ())
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def translate(error: ClientError | BotoCoreError) -> FleetError:
    """Our error for *error*. Faults of the network and of AWS's side are transient: they pass by themselves."""
    if not isinstance(error, ClientError):
        return TransientError(f"AWS could not be asked: {error}", remedy=AGAIN)
    code, status = code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{error.operation_name}: {code}: {message_of(error)}"
    if is_throttled(error):
        return ThrottledError(f"AWS asks us to slow down: {said}", remedy=AGAIN)
    if code in _TRANSIENT or status >= 500:
        return TransientError(f"AWS failed: {said}", remedy=AGAIN)
    return ApiRefusedError(f"AWS refused {said}", remedy="See the role's permissions and the resource named.")
