"""Reads a definition in the Amazon States Language; what is wrong or not emulated is refused by state and field.

The subset is what our machines use: `_FIELDS` lists it. Nothing outside of it is ignored.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localcloud.stepfunctions.errors import ALL, DefinitionError
from localcloud.stepfunctions.language.fields import Fields
from localcloud.stepfunctions.language.paths import read_result_path
from localcloud.stepfunctions.language.retries import Catcher, Retrier
from localcloud.stepfunctions.language.state_types import read_choice, read_fail, read_pass, read_task, read_wait
from localcloud.stepfunctions.language.states import Choice, Definition, Doing, Map, Parallel, State, States, Succeed
from localcloud.stepfunctions.language.templates import compile_template

_COMMON = {"Type", "Comment", "InputPath", "OutputPath"}
_MOVES = _COMMON | {"Next", "End"}
_RESULTS = _MOVES | {"ResultSelector", "ResultPath", "Retry", "Catch"}
_FIELDS = {
    "Task": _RESULTS | {"Resource", "Parameters", "TimeoutSeconds", "TimeoutSecondsPath"},
    "Pass": _MOVES | {"Result", "Parameters", "ResultPath"},
    "Choice": _COMMON | {"Choices", "Default"},
    "Wait": _MOVES | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": _COMMON,
    "Fail": {"Type", "Comment", "Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": _RESULTS | {"Branches", "Parameters"},
    "Map": _RESULTS | {"ItemProcessor", "ItemsPath", "ItemSelector", "MaxConcurrency", "MaxConcurrencyPath"},
}
_TOP = {"TimeoutSeconds", "QueryLanguage", "Version"}
_NO_TARGET = "MISSING_TRANSITION_TARGET"
_RETRIER = {
    "Comment",
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}


def read_definition(text: str) -> Definition:
    """The definition that *text* writes; raises `DefinitionError`."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"the definition is not JSON: {error}", "INVALID_JSON_DESCRIPTION") from None
    fields = Fields("the machine", content, {"Comment", "StartAt", "States", *_TOP})
    _check_query_language(fields)
    if "Version" in fields and fields.any("Version") != "1.0":
        raise fields.error("Version", f"the language has one version, '1.0', found {fields.any('Version')!r}")
    flow = _read_states(fields)
    names = [state.name for state in _every_state(flow)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        # Observed by linters and documented: a name is unique in the whole machine, inside of Maps too.
        raise DefinitionError(f"state {name!r}: the machine has two states of this name", "DUPLICATE_STATE_NAME")
    timeout = fields.integer("TimeoutSeconds", 0, low=1) if "TimeoutSeconds" in fields else None
    return Definition(text, flow, timeout)


def _check_query_language(fields: Fields) -> None:
    if "QueryLanguage" in fields and fields.any("QueryLanguage") != "JSONPath":
        if fields.any("QueryLanguage") != "JSONata":
            raise fields.error("QueryLanguage", f"JSONPath is wanted, found {fields.any('QueryLanguage')!r}")
        raise fields.not_emulated("QueryLanguage", "'JSONata' is not emulated here, only JSONPath is")


def _every_state(flow: States) -> Iterator[State]:
    for state in flow.states.values():
        yield state
        if isinstance(state.does, Map):
            yield from _every_state(state.does.processor)
        elif isinstance(state.does, Parallel):
            for flow_of_branch in state.does.branches:
                yield from _every_state(flow_of_branch)


def _read_states(fields: Fields) -> States:
    contents = fields.any("States")
    if not isinstance(contents, dict):
        raise fields.error("States", "an object is wanted")
    flow = States(
        fields.text("StartAt"), {name: _read_state(f"state {name!r}", name, each) for name, each in contents.items()}
    )
    if flow.start_at not in flow.states:
        raise fields.error("StartAt", f"no state is called {flow.start_at!r}", _NO_TARGET)
    _check_reach(flow)
    return flow


def _check_reach(flow: States) -> None:
    """Every target exists, every state is reached (AWS refuses others), and one of those reached ends."""
    reached, ends = {flow.start_at}, False
    look_at = [flow.start_at]
    while look_at:
        state = flow.states[look_at.pop()]
        targets = {field: name for field, name in _targets(state) if name is not None}
        ends = ends or (state.next is None and not isinstance(state.does, Choice))
        for field, name in targets.items():
            if name not in flow.states:
                raise DefinitionError(
                    f"state {state.name!r}, field {field!r}: no state beside it is called {name!r}", _NO_TARGET
                )
            if name not in reached:
                reached.add(name)
                look_at.append(name)
    for name in flow.states:
        if name not in reached:
            raise DefinitionError(f"state {name!r}: no other state leads to it")
    if not ends:
        raise DefinitionError(f"state {flow.start_at!r}: no way from it ends", "MISSING_END_STATE")


def _targets(state: State) -> Iterator[tuple[str, str | None]]:
    yield "Next", state.next
    for index, catcher in enumerate(state.catchers):
        yield f"Catch[{index}].Next", catcher.next
    if isinstance(state.does, Choice):
        yield "Default", state.does.default
        for index, (_, name) in enumerate(state.does.rules):
            yield f"Choices[{index}].Next", name


def _read_state(where: str, name: str, content: Any) -> State:
    kind = content.get("Type") if isinstance(content, dict) else None
    if kind not in _FIELDS:
        raise DefinitionError(f"{where}, field 'Type': one of {', '.join(_FIELDS)} is wanted, found {kind!r}")
    if len(name) > 80:
        raise DefinitionError(f"{where}: a name has at most 80 characters", "INVALID_STATE_NAME")
    fields = Fields(where, content, _FIELDS[kind])
    return State(
        name=name,
        kind=kind,
        does=_read_doing(kind, fields),
        next=_read_next(kind, fields),
        input_path=fields.path_or_null("InputPath"),
        output_path=fields.path_or_null("OutputPath"),
        parameters=fields.read("Parameters", compile_template) if "Parameters" in fields else None,
        result_selector=fields.read("ResultSelector", compile_template) if "ResultSelector" in fields else None,
        result_path=_read_result_path(fields),
        retriers=tuple(_read_retriers(fields)),
        catchers=tuple(_read_catchers(fields)),
    )


def _read_doing(kind: str, fields: Fields) -> Doing:
    match kind:
        case "Task":
            return read_task(fields)
        case "Pass":
            return read_pass(fields)
        case "Choice":
            return read_choice(fields)
        case "Wait":
            return read_wait(fields)
        case "Map":
            return _read_map(fields)
        case "Parallel":
            return _read_parallel(fields)
        case "Fail":
            return read_fail(fields)
    return Succeed()


def _read_parallel(fields: Fields) -> Parallel:
    branches = fields.list("Branches")
    if not branches:
        raise fields.error("Branches", "at least one branch is wanted")
    return Parallel(
        tuple(
            _read_states(Fields(f"{fields.where}, Branches[{index}]", each, {"Comment", "StartAt", "States"}))
            for index, each in enumerate(branches)
        )
    )


def _read_map(fields: Fields) -> Map:
    processor = Fields(
        f"{fields.where}, ItemProcessor",
        fields.any("ItemProcessor"),
        {"ProcessorConfig", "StartAt", "States", "Comment", "QueryLanguage"},
    )
    _check_query_language(processor)
    if "ProcessorConfig" in processor:
        config = Fields(f"{processor.where}.ProcessorConfig", processor.any("ProcessorConfig"), {"Mode"})
        if "Mode" in config and config.text("Mode") != "INLINE":
            raise config.not_emulated("Mode", f"{config.text('Mode')!r} is not emulated here, only INLINE is")
    at_once = (
        fields.path("MaxConcurrencyPath")
        if fields.one_of("MaxConcurrency", "MaxConcurrencyPath", required=False) == "MaxConcurrencyPath"
        else fields.integer("MaxConcurrency", 0)
    )
    return Map(
        _read_states(processor),
        fields.path("ItemsPath"),
        fields.read("ItemSelector", compile_template) if "ItemSelector" in fields else None,
        at_once,
    )


def _read_next(kind: str, fields: Fields) -> str | None:
    if kind in ("Choice", "Succeed", "Fail"):
        return None
    if fields.one_of("Next", "End", required=True) == "Next":
        return fields.text("Next")
    if fields.any("End") is not True:
        raise fields.error("End", f"true is wanted, found {fields.any('End')!r}")
    return None


def _read_result_path(fields: Fields) -> tuple[str, ...] | None:
    if "ResultPath" not in fields:
        return ()
    if fields.any("ResultPath") is None:
        return None
    fields.text("ResultPath")
    return fields.read("ResultPath", read_result_path)


def _read_retriers(fields: Fields) -> Iterator[Retrier]:
    contents = fields.list("Retry")
    for index, content in enumerate(contents):
        entry = Fields(f"{fields.where}, Retry[{index}]", content, _RETRIER)
        strategy = entry.text("JitterStrategy") if "JitterStrategy" in entry else "NONE"
        if strategy not in ("FULL", "NONE"):
            raise entry.error("JitterStrategy", f"FULL or NONE is wanted, found {strategy!r}")
        rate = entry.any("BackoffRate") if "BackoffRate" in entry else 2.0
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 1:
            raise entry.error("BackoffRate", f"a number of at least 1 is wanted, found {rate!r}")
        yield Retrier(
            _read_errors(entry, is_last=index == len(contents) - 1),
            entry.integer("IntervalSeconds", 1, low=1),
            entry.integer("MaxAttempts", 3),
            float(rate),
            entry.integer("MaxDelaySeconds", 0, low=1, high=31_622_400) if "MaxDelaySeconds" in entry else None,
            strategy == "FULL",
        )


def _read_catchers(fields: Fields) -> Iterator[Catcher]:
    contents = fields.list("Catch")
    for index, content in enumerate(contents):
        entry = Fields(f"{fields.where}, Catch[{index}]", content, {"Comment", "ErrorEquals", "ResultPath", "Next"})
        yield Catcher(
            _read_errors(entry, is_last=index == len(contents) - 1), entry.text("Next"), _read_result_path(entry)
        )


def _read_errors(entry: Fields, *, is_last: bool) -> frozenset[str]:
    errors = entry.any("ErrorEquals")
    if not isinstance(errors, list) or not errors or not all(isinstance(error, str) for error in errors):
        raise entry.error("ErrorEquals", f"a list of error names is wanted, found {errors!r}")
    if ALL in errors and (len(errors) > 1 or not is_last):
        raise entry.error("ErrorEquals", f"{ALL} must be alone and in the last entry")
    return frozenset(errors)
