"""What Invoke answers: the function's own answer, or its error as Lambda writes it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from botocore.awsrequest import AWSResponse

from localcloud.errors import FunctionError
from localcloud.in_process_transport import AwsError, response


def answer_invoke(url: str, call: Callable[[], Any]) -> AWSResponse:
    """What Invoke answers when *call* calls the function.

    Raises:
        AwsError: There is no such function.
    """
    try:
        answer, headers = call(), {}
    except FunctionError as error:
        if error.error_type == "Lambda.ResourceNotFoundException":
            raise AwsError("ResourceNotFoundException", error.message, 404) from None
        answer, headers = _error(error), {"X-Amz-Function-Error": "Unhandled"}
    return response(url, 200, json.dumps(answer).encode(), {"X-Amz-Executed-Version": "$LATEST", **headers})


def _error(error: FunctionError) -> Mapping[str, Any]:
    raised = error.__cause__
    trace = traceback.format_exception(raised) if raised else list(error.stack_trace)
    return {"errorMessage": error.message, "errorType": error.error_type, "stackTrace": trace}
