"""The rules about time limits, retriers and catchers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleet.function_deaths import DEATHS
from orchestration.lint.machine import TOP, Machine, State
from orchestration.lint.retriers import CLIENT_ERRORS, FLEET_ERRORS, ON_PURPOSE, START_RETRIERS, retriers_of
from orchestration.lint.rule import Violations, rule

_ERROR_HANDLING = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"
_PREFIXES = ("Lambda.", "StepFunctions.")
_STATES_ERRORS = frozenset(
    f"States.{name}"
    for name in (
        "ALL", "BranchFailed", "DataLimitExceeded", "ExceedToleratedFailureThreshold", "HeartbeatTimeout",
        "Http.Socket", "IntrinsicFailure", "ItemReaderFailed", "NoChoiceMatched", "ParameterPathFailure",
        "Permissions", "QueryEvaluationError", "ResultPathMatchFailure", "ResultWriterFailed", "Runtime", "TaskFailed",
        "Timeout",
    )
)  # fmt: skip


@rule(
    "timeout-missing",
    title="Every Task has TimeoutSeconds, and so has the machine",
    why="Without it a Task that never answers, or a loop that never ends, holds the database for a year.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-stuck-execution.html",
)
def timeout_missing(machine: Machine) -> Violations:
    """Tasks without a limit, and a machine without one."""
    if "TimeoutSeconds" not in machine.definition:
        yield TOP, "has no TimeoutSeconds beside StartAt."
    for state in machine.states:
        if state.type == "Task" and not {"TimeoutSeconds", "TimeoutSecondsPath"} & state.fields.keys():
            yield state, "has no TimeoutSeconds."


@rule(
    "heartbeat-not-below-timeout",
    title="HeartbeatSeconds is less than TimeoutSeconds",
    why="AWS refuses the definition; the heartbeat could never be missed before the time is up.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html",
)
def heartbeat_not_below_timeout(machine: Machine) -> Violations:
    """Heartbeats that are too slow."""
    for state in machine.states:
        heartbeat, timeout = state.fields.get("HeartbeatSeconds"), state.fields.get("TimeoutSeconds")
        if heartbeat is not None and timeout is not None and heartbeat >= timeout:
            yield state, f"HeartbeatSeconds is {heartbeat}, wanted less than TimeoutSeconds, which is {timeout}."


@rule(
    "all-not-alone-and-last",
    title="States.ALL is alone in its retrier or catcher, and that one is the last",
    why="AWS refuses it otherwise, and no linter that can be installed says so: what follows would never be reached.",
    source=_ERROR_HANDLING,
)
def all_not_alone_and_last(machine: Machine) -> Violations:
    """States.ALL among others, or before others."""
    for state in machine.states:
        for kind in ("Retry", "Catch"):
            handlers = state.handlers(kind)
            for place, one in enumerate(handlers):
                if "States.ALL" not in one["ErrorEquals"]:
                    continue
                if len(one["ErrorEquals"]) > 1:
                    yield (
                        state,
                        f"{kind}[{place}] names States.ALL beside others. It includes them: let it stand alone.",
                    )
                if place < len(handlers) - 1:
                    yield (
                        state,
                        f"{kind}[{place}] names States.ALL, and {kind}[{place + 1}] comes after it. Put it last.",
                    )


@rule(
    "unjittered-retry",
    title="Every retrier has JitterStrategy FULL and MaxDelaySeconds",
    why="Without jitter forty databases that were throttled together come back together, and are throttled again.",
    source="https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/",
)
def unjittered_retry(machine: Machine) -> Violations:
    """Retriers in step; one that never retries has no steps."""
    for state in machine.states:
        for place, one in enumerate(state.handlers("Retry")):
            if one.get("MaxAttempts") == 0:
                continue
            if one.get("JitterStrategy") != "FULL":
                yield state, f"Retry[{place}] has JitterStrategy {one.get('JitterStrategy')!r}, wanted 'FULL'."
            if "MaxDelaySeconds" not in one:
                yield state, f"Retry[{place}] has no MaxDelaySeconds, so its waits double without end."


@rule(
    "retriers-differ",
    title="Every state that calls a handler has the same retriers: for our two passing errors, for an account that "
    "runs no more functions at once, for Lambda's own errors, for a function that died; and names what never is",
    why="Lambda's service fails and functions die now and then: a state without the retrier fails one night in many.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html",
)
def retriers_differ(machine: Machine) -> Violations:
    """Retriers that are missing or written differently from `retriers_of`."""
    for state in machine.states:
        if state.is_lambda:
            yield from _differing(state, retriers_of(state.name))


@rule(
    "start-retriers-differ",
    title="Every state that runs another execution has the retriers of a throttled StartExecution",
    why="StartExecution has a bucket for the whole account: where it is empty a database would never be begun.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
)
def start_retriers_differ(machine: Machine) -> Violations:
    """Retriers that are missing or written differently from `START_RETRIERS`."""
    for state in machine.states:
        if state.is_start:
            yield from _differing(state, START_RETRIERS)


def _differing(state: State, retriers: tuple[Mapping[str, Any], ...]) -> Violations:
    for wanted in retriers:
        names = set(wanted["ErrorEquals"])
        found = [one for one in state.handlers("Retry") if names & set(one["ErrorEquals"])]
        if not found:
            yield state, f"has no retrier for {', '.join(wanted['ErrorEquals'])}. Copy it from its neighbour."
        elif found != [wanted]:
            yield (
                state,
                f"retries {wanted['ErrorEquals'][0]} otherwise than the rest: {_difference(found[0], wanted)}.",
            )
    # The first that names an error decides, and States.TaskFailed means every name.
    kept = [one for one in state.handlers("Retry") if one in retriers]
    if len(kept) == len(retriers) and kept != list(retriers):
        yield state, "has its retriers in another order than the rest: what is never retried would be."


def _difference(found: Any, wanted: Mapping[str, Any]) -> str:
    differing = [key for key in (*wanted, *found) if found.get(key) != wanted.get(key)]
    if not differing:
        return "in two retriers"
    return "; ".join(f"{key} is {found.get(key)}, wanted {wanted.get(key)}" for key in dict.fromkeys(differing))


@rule(
    "unknown-error",
    title="A retrier or catcher names errors that can come: States.*, Lambda.*, StepFunctions.*, deaths of functions "
    "(fleet/function_deaths.py), or the handler's own",
    why="Step Functions matches names exactly and knows no subclasses: a misspelt one never matches, in silence.",
    source=_ERROR_HANDLING,
)
def unknown_error(machine: Machine) -> Violations:
    """Names that nothing raises here."""
    for state in machine.states:
        raised = _raised_by(state, machine)
        for kind in ("Retry", "Catch"):
            for place, one in enumerate(state.handlers(kind)):
                known = DEATHS.keys() | (ON_PURPOSE if one.get("MaxAttempts") == 0 else frozenset())
                for name in one["ErrorEquals"]:
                    if (
                        name in known
                        or name in _STATES_ERRORS
                        or name.startswith(_PREFIXES)
                        or raised is None
                        or name in raised
                    ):
                        continue
                    if name in FLEET_ERRORS:
                        yield state, f"{kind}[{place}] names {name}, which is not among what its handler raises."
                    else:
                        yield state, f"{kind}[{place}] names {name}, which is no error (fleet/errors.py)."


def _raised_by(state: State, machine: Machine) -> frozenset[str] | None:
    """The errors of ours that can come out of *state*; None if nobody says."""
    if not state.is_lambda:
        return frozenset()
    contract = machine.contracts.get(state.name)
    return None if contract is None else contract.raises | CLIENT_ERRORS
