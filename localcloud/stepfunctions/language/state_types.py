"""Reads what a state of each type does; `definition.py` reads what all states have in common."""

from __future__ import annotations

import re

from localcloud.stepfunctions.errors import SyntaxNotReadError
from localcloud.stepfunctions.language.choices import compile_rule
from localcloud.stepfunctions.language.fields import Fields
from localcloud.stepfunctions.language.paths import Path
from localcloud.stepfunctions.language.states import Choice, ExecutionTask, Fail, FunctionTask, PassOn, Wait, WaitUntil
from localcloud.stepfunctions.language.templates import Template, compile_reading
from localcloud.stepfunctions.language.timestamps import read_timestamp

START_EXECUTION = "startExecution.sync:2"
_FUNCTION_ARN = re.compile(r"arn:aws[\w-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")
_EXECUTION_PARAMETERS = {"StateMachineArn", "Name", "Input"}


def read_task(fields: Fields) -> FunctionTask | ExecutionTask:
    """What a Task does."""
    resource = fields.text("Resource")
    timeout = _read_timeout(fields)
    if _FUNCTION_ARN.fullmatch(resource):
        return FunctionTask(resource, timeout)
    if not re.fullmatch(rf"arn:aws[\w-]*:states:::states:{re.escape(START_EXECUTION)}", resource):
        if not resource.startswith("arn:"):
            raise fields.error("Resource", f"an ARN is wanted, found {resource!r}", "INVALID_RESOURCE")
        raise fields.not_emulated("Resource", f"{resource} is not emulated here")
    parameters = fields.any("Parameters")
    if not isinstance(parameters, dict):
        raise fields.error("Parameters", "an object is wanted")
    names = {name.removesuffix(".$") for name in parameters}
    if "StateMachineArn" not in names:
        raise fields.error("Parameters.StateMachineArn", "missing")
    for name in names - _EXECUTION_PARAMETERS:
        raise fields.not_emulated(f"Parameters.{name}", "not emulated here")
    return ExecutionTask(timeout)


def _read_timeout(fields: Fields) -> int | Path | None:
    match fields.one_of("TimeoutSeconds", "TimeoutSecondsPath", required=False):
        case "TimeoutSeconds":
            return fields.integer("TimeoutSeconds", 0, low=1)
        case "TimeoutSecondsPath":
            return fields.path("TimeoutSecondsPath")
    return None


def read_pass(fields: Fields) -> PassOn:
    """What a Pass gives."""
    replaces = "Result" in fields
    return PassOn(replaces, fields.any("Result") if replaces else None)


def read_wait(fields: Fields) -> Wait | WaitUntil:
    """How long a Wait waits."""
    match fields.one_of("Seconds", "SecondsPath", "Timestamp", "TimestampPath", required=True):
        case "Seconds":
            return Wait(fields.integer("Seconds", 0))
        case "SecondsPath":
            return Wait(fields.path("SecondsPath"))
        case "Timestamp":
            return WaitUntil(fields.read("Timestamp", read_timestamp))
    return WaitUntil(fields.path("TimestampPath"))


def read_fail(fields: Fields) -> Fail:
    """How a Fail ends."""
    return Fail(_read_text_or_path(fields, "Error"), _read_text_or_path(fields, "Cause"))


def _read_text_or_path(fields: Fields, name: str) -> str | Template | None:
    match fields.one_of(name, f"{name}Path", required=False):
        case None:
            return None
        case found if found == name:
            return fields.text(name)
    fields.text(f"{name}Path")
    return fields.read(f"{name}Path", lambda text: compile_reading(text, f"{name}Path"))


def read_choice(fields: Fields) -> Choice:
    """The rules of a Choice and where they lead."""
    choices = fields.list("Choices")
    if not choices:
        raise fields.error("Choices", "at least one rule is wanted")
    rules = []
    for index, rule in enumerate(choices):
        if not isinstance(rule, dict) or not isinstance(rule.get("Next"), str):
            raise fields.error(f"Choices[{index}].Next", "missing")
        try:
            rules.append((compile_rule(rule), rule["Next"]))
        except SyntaxNotReadError as error:
            raise fields.cannot_read(f"Choices[{index}]", error) from None
    return Choice(tuple(rules), fields.text("Default") if "Default" in fields else None)
