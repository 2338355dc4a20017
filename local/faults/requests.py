"""What is asked for: a fault by its name and parameters, `killed-handler:StartTask:1`, and on which database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fleet.errors import MalformedInputError, UnknownDatabaseError
from local.faults.catalogue import KINDS, SPREAD, Kind, Parameter, Value
from local.faults.deaths import DEATHS
from local.faults.operations import OPERATIONS
from orchestration.functions import MODULES


@dataclass(frozen=True)
class Fault:
    """A kind with the values of its parameters, defaults filled in. *text*: as it was asked for."""

    text: str
    kind: Kind
    values: tuple[str, ...]

    @property
    def name(self) -> str:
        """The kind's name."""
        return self.kind.name


def read_fault(text: str) -> Fault:
    """The fault that *text* names.

    >>> read_fault("throttled-before:ModifyEndpoint").values
    ('ModifyEndpoint', '2')

    Raises:
        MalformedInputError: There is no such fault, or a parameter of it is wrong; says what there is.
    """
    name, *given = text.split(":")
    kind = KINDS.get(name)
    if kind is None:
        known = ", ".join(one.usage for one in KINDS.values())
        raise MalformedInputError(f"there is no fault {name!r}. There are: {known}.", remedy="See `fleet faults`.")
    if len(given) > len(kind.parameters):
        raise MalformedInputError(
            f"{text!r} has {len(given)} parameters, {name} takes {len(kind.parameters)}.",
            remedy=f"Write it as {kind.usage}.",
        )
    values = []
    for number, parameter in enumerate(kind.parameters):
        value = given[number] if number < len(given) else parameter.default
        if value is None:
            raise MalformedInputError(f"{text!r} lacks {parameter.name}.", remedy=f"Write it as {kind.usage}.")
        values.append(_checked(text, parameter, value))
    return Fault(text, kind, tuple(values))


def read_request(text: str) -> tuple[str, Fault]:
    """Database and fault of `DATABASE=FAULT`.

    Raises:
        MalformedInputError: It is not of that form, or there is no such fault.
    """
    database, equals, fault = text.partition("=")
    if not equals:
        raise MalformedInputError(
            f"{text!r} is no DATABASE=FAULT.", remedy="As in nyc-flights=lost-source; see `fleet faults`."
        )
    return database, read_fault(fault)


def require_databases(wanted: Iterable[str], databases: Iterable[str]) -> None:
    """Refuse to break what the night does not have.

    Raises:
        UnknownDatabaseError: One of *wanted* is not among *databases*.
    """
    known = sorted(databases)
    if unknown := sorted(set(wanted) - set(known)):
        raise UnknownDatabaseError(
            f"the night has no database {unknown[0]!r} to break.",
            remedy=f"It has {', '.join(known[:12])}{' and more' if len(known) > 12 else ''}.",
        )


def spread(databases: Sequence[str], count: int) -> list[tuple[str, Fault]]:
    """*count* of *databases*, evenly apart, each with another fault; the same ones each time.

    Raises:
        MalformedInputError: There are not so many.
    """
    if count > len(databases):
        raise MalformedInputError(
            f"{count} databases are to be broken, the night has {len(databases)}.", remedy="Break fewer, or add some."
        )
    ordered = sorted(databases)
    chosen = [ordered[number * len(ordered) // count] for number in range(count)]
    return [(database, read_fault(SPREAD[number % len(SPREAD)])) for number, database in enumerate(chosen)]


def _checked(text: str, parameter: Parameter, value: str) -> str:
    is_right, wanted = _CHECKS[parameter.value]
    if not is_right(value):
        raise MalformedInputError(f"{text!r}: {parameter.name} is {value!r}, wanted {wanted}.")
    return value


_CHECKS: dict[Value, tuple[Callable[[str], bool], str]] = {
    "table": (lambda value: not value or value.count(".") == 1, "a name as schema.table"),
    "operation": (OPERATIONS.__contains__, "one of " + ", ".join(OPERATIONS)),
    "count": (str.isdecimal, "a whole number"),
    "seconds": (str.isdecimal, "a whole number of seconds"),
    "state": (MODULES.__contains__, "one of " + ", ".join(MODULES)),
    "when": (("before", "after").__contains__, "before or after"),
    "death": (DEATHS.__contains__, "one of " + ", ".join(DEATHS)),
}
