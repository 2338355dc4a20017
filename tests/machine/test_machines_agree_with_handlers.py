"""The state machines as drawn, against the handlers as written: names, fields, verdicts and errors."""

import typing
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

import lambdas.handlers.database_run
import lambdas.handlers.fleet_run
from orchestration.definitions import load, placeholders
from orchestration.lint import Contract, lint

HANDLERS = {"fleet-run": lambdas.handlers.fleet_run, "database-run": lambdas.handlers.database_run}


def contract_of(module: ModuleType) -> Contract:
    """What a handler's module promises, as the lint takes it."""
    verdict = module.Response.model_fields.get("verdict")
    return Contract(
        state="".join(word.capitalize() for word in module.__name__.rsplit(".", 1)[-1].split("_")),
        request=_names(module.Request),
        response=_names(module.Response),
        verdicts=frozenset(typing.get_args(verdict.annotation)) if verdict else frozenset(),
        raises=frozenset(error.__name__ for error in module.RAISES),
    )


def _names(model: typing.Any) -> frozenset[str]:
    return frozenset(field.alias or name for name, field in model.model_fields.items())


def contracts(machine: str) -> dict[str, Contract]:
    package = HANDLERS[machine]
    modules = (import_module(f"{package.__name__}.{one.name}") for one in iter_modules(package.__path__))
    return {contract.state: contract for contract in map(contract_of, modules)}


@pytest.mark.parametrize("machine", HANDLERS)
def test_the_lint_finds_nothing_in_a_machine_and_its_handlers(machine: str) -> None:
    assert [str(finding) for finding in lint(load(machine), contracts(machine))] == []


@pytest.mark.parametrize("machine", HANDLERS)
def test_every_handler_has_a_state(machine: str) -> None:
    assert contracts(machine).keys() - placeholders(load(machine)) == set()


@pytest.mark.parametrize("machine", HANDLERS)
def test_every_handler_can_be_called_and_its_verdict_is_one_of_a_few_words(machine: str) -> None:
    for module in iter_modules(HANDLERS[machine].__path__):
        handler = import_module(f"{HANDLERS[machine].__name__}.{module.name}")
        verdict = handler.Response.model_fields.get("verdict")
        assert callable(handler.handler), module.name
        assert verdict is None or typing.get_origin(verdict.annotation) is typing.Literal, module.name
