"""What a refusal of AWS's becomes: Step Functions retries by our names alone."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from fleet.errors import ApiRefusedError, ThrottledError, TransientError
from lambdas.clients.objects import Objects
from lambdas.clients.refusals import translate


def refusal(code: str, status: int = 400, operation: str = "PutObject") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (refusal("ThrottlingException"), ThrottledError),
        (refusal("RequestLimitExceeded"), ThrottledError),
        (refusal("ProvisionedThroughputExceededException"), ThrottledError),
        (refusal("SlowDown", 503), ThrottledError),
        (refusal("InternalServerError", 500), TransientError),
        (refusal("ServiceUnavailable", 503), TransientError),
        (refusal("SomethingNew", 502), TransientError),
        (refusal("TransactionConflictException"), TransientError),
        (refusal("ConditionalRequestConflict", 409), TransientError),
        (refusal("AccessDeniedException"), ApiRefusedError),
        (refusal("ResourceQuotaExceededFault"), ApiRefusedError),
        (refusal("SomethingNew"), ApiRefusedError),
        (EndpointConnectionError(endpoint_url="https://dms"), TransientError),
        (ReadTimeoutError(endpoint_url="https://dms"), TransientError),
    ],
    ids=str,
)
def test_an_error_that_passes_by_itself_has_another_class_than_one_that_does_not(
    error: Any, ours: type[Exception]
) -> None:
    translated = translate(error)
    assert type(translated) is ours
    assert str(error)[:10] in str(translated) or "why" in str(translated)


class Bucket:
    """An S3 whose every PutObject is refused."""

    def __init__(self, error: ClientError) -> None:
        self._error = error

    def put_object(self, **parameters: Any) -> None:
        assert parameters["IfNoneMatch"] == "*"
        raise self._error


def test_a_put_refused_because_the_object_is_there_says_so() -> None:
    assert Objects(Bucket(refusal("PreconditionFailed", 412))).write_new("b", "k", b"") is False


def test_a_put_refused_because_another_is_under_way_is_not_taken_for_a_seal() -> None:
    # S3 then says to try again: whether the other one succeeds is not known.
    # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        Objects(Bucket(refusal("ConditionalRequestConflict", 409))).write_new("b", "k", b"")
