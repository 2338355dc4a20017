"""What a request of the API may hold: names, ARNs, pages; what AWS refuses is refused with its code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fleet.quotas import SFN_DEFINITION_BYTES, SFN_EXECUTION_NAME_CHARACTERS, SFN_PAYLOAD_BYTES
from local.stepfunctions.dataflow import Payload, size_bytes
from local.stepfunctions.definition import read_definition
from local.stepfunctions.errors import DefinitionError
from local.stepfunctions.states import Definition
from local.wire import AwsError, NotEmulatedError

# Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, member `name`.
_NOT_IN_NAMES = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff]""")
_PAGE_AT_MOST = 1000
_PAGE_BY_DEFAULT = 100


def refuse_others(operation: str, parameters: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise when a parameter is given that would have no effect here."""
    for name in parameters:
        if name not in known:
            raise NotEmulatedError(f"the parameter {name} of {operation}")


def check_name(name: str) -> None:
    """Raise AWS's refusal of a name for a machine or an execution."""
    if not 1 <= len(name) <= SFN_EXECUTION_NAME_CHARACTERS.value or _NOT_IN_NAMES.search(name):
        raise AwsError("InvalidName", f"Invalid Name: '{name}'")


def page(
    entries: Sequence[dict[str, Any]], parameters: Mapping[str, Any]
) -> tuple[Sequence[dict[str, Any]], dict[str, str]]:
    """The entries that maxResults and nextToken ask for, and the next token as a member of the answer."""
    size = parameters.get("maxResults", 0) or _PAGE_BY_DEFAULT
    if not 0 < size <= _PAGE_AT_MOST:
        raise AwsError("ValidationException", f"maxResults is at most {_PAGE_AT_MOST}, found {size}")
    token = parameters.get("nextToken", "after-0")
    if not re.fullmatch(r"after-\d+", token):
        raise AwsError("InvalidToken", f"Invalid Token: '{token}'")
    first = int(token.removeprefix("after-"))
    end = first + size
    return entries[first:end], {"nextToken": f"after-{end}"} if end < len(entries) else {}


def read_machine_definition(text: str) -> Definition:
    """The definition that *text* writes, or AWS's refusal."""
    if size_bytes(text) > SFN_DEFINITION_BYTES.value:
        raise AwsError("ValidationException", f"the definition has more than {SFN_DEFINITION_BYTES.value:,} bytes")
    try:
        return read_definition(text)
    except DefinitionError as error:
        raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: {error}") from None


def read_input(text: str) -> Payload:
    """The input of an execution, or AWS's refusal."""
    if size_bytes(text) > SFN_PAYLOAD_BYTES.value:
        raise AwsError("ValidationException", f"the input has more than {SFN_PAYLOAD_BYTES.value:,} bytes")
    try:
        return Payload(json.loads(text), text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None


def without_data(event: dict[str, Any]) -> dict[str, Any]:
    """*event* as GetExecutionHistory tells it without includeExecutionData."""
    return {
        name: {key: each for key, each in value.items() if key not in ("input", "output")}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
