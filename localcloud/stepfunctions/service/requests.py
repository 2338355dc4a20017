"""What a request of the API may hold: names, ARNs, inputs, definitions; what AWS refuses is refused with its code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import SFN_DEFINITION_BYTES, SFN_EXECUTION_NAME_CHARACTERS, SFN_PAYLOAD_BYTES
from localcloud.stepfunctions.dataflow import Payload, size_bytes
from localcloud.stepfunctions.errors import DefinitionError, DefinitionNotEmulatedError
from localcloud.stepfunctions.language.definition import read_definition
from localcloud.stepfunctions.language.states import Definition

# Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html, member `name`.
_NOT_IN_NAMES = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff]""")
_ARN = re.compile(r"arn:aws[\w-]*:states:[a-z0-9-]+:\d{12}:(?P<kind>\w+):(?P<rest>.+)")


def refuse_others(operation: str, parameters: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise when a parameter is given that would have no effect here."""
    for name in parameters:
        if name not in known:
            raise NotEmulatedError(f"the parameter {name} of {operation}")


def check_name(name: str) -> None:
    """Raise AWS's refusal of a name for a machine or an execution."""
    if not 1 <= len(name) <= SFN_EXECUTION_NAME_CHARACTERS.value or _NOT_IN_NAMES.search(name):
        raise AwsError("InvalidName", f"Invalid Name: '{name}'")


def check_machine_arn(arn: str) -> None:
    """Raise unless *arn* is an unqualified one of a state machine."""
    rest = _rest_of(arn, "stateMachine")
    if ":" in rest or "/" in rest:
        raise NotEmulatedError(f"versions, aliases and Map labels of state machines, as in {arn}")


def check_execution_arn(arn: str) -> None:
    """Raise unless *arn* is one of an execution of a STANDARD machine."""
    if ":" not in _rest_of(arn, "execution"):
        raise AwsError("InvalidArn", f"Invalid Arn: '{arn}'")


def _rest_of(arn: str, kind: str) -> str:
    # The words are AWS's as others recorded them.
    match = _ARN.fullmatch(arn)
    if match is None:
        raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if match["kind"] != kind:
        raise AwsError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {match['kind']}'")
    return match["rest"]


def read_machine_definition(text: str) -> Definition:
    """The definition that *text* writes, or AWS's refusal."""
    check_definition_size(text)
    try:
        return read_definition(text)
    except DefinitionNotEmulatedError as error:
        raise NotEmulatedError(f"this state machine definition: {error}") from None
    except DefinitionError as error:
        raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{error.code}: {error}'") from None


def check_definition_size(text: str) -> None:
    """Raise AWS's refusal of a definition of too many bytes."""
    if size_bytes(text) > SFN_DEFINITION_BYTES.value:
        raise AwsError("ValidationException", f"the definition has more than {SFN_DEFINITION_BYTES.value:,} bytes")


def read_input(text: str) -> Payload:
    """The input of an execution, or AWS's refusal."""
    if size_bytes(text) > SFN_PAYLOAD_BYTES.value:
        raise AwsError("ValidationException", f"the input has more than {SFN_PAYLOAD_BYTES.value:,} bytes")
    try:
        return Payload(json.loads(text), text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None


def without_data(event: Mapping[str, Any]) -> dict[str, Any]:
    """*event* as GetExecutionHistory gives it without includeExecutionData."""
    return {
        name: {key: each for key, each in value.items() if key not in ("input", "output")}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
