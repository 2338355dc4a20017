"""All rules of the lint, and the one function that applies them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration.lint import failures, handlers, payloads, transitions
from orchestration.lint.machine import Contract, Machine
from orchestration.lint.rule import LintFinding, Rule
from orchestration.lint.structure import malformed_document

RULES: tuple[Rule, ...] = (
    malformed_document,
    transitions.dangling_target,
    transitions.unreachable_state,
    transitions.choice_with_next,
    transitions.no_path_to_end,
    transitions.name_twice,
    transitions.fail_state,
    failures.timeout_missing,
    failures.heartbeat_not_below_timeout,
    failures.all_not_alone_and_last,
    failures.unjittered_retry,
    failures.retriers_differ,
    failures.start_retriers_differ,
    failures.unknown_error,
    payloads.path_without_suffix,
    payloads.suffix_without_path,
    payloads.placeholder_in_text,
    handlers.no_handler,
    handlers.payload_differs,
    handlers.missing_path,
    handlers.verdict_not_covered,
    handlers.verdict_unknown,
)


def lint(definition: Any, contracts: Mapping[str, Contract]) -> list[LintFinding]:
    """What is wrong with *definition*, placeholders unbound; nothing if it is fine. *contracts*: by state.

    A document that is not built like a state machine is only called so: the other rules could not read it.
    """
    machine = Machine(definition, contracts)
    malformed = malformed_document.findings(machine)
    if malformed:
        return malformed
    return [finding for rule in RULES[1:] for finding in rule.findings(machine)]
