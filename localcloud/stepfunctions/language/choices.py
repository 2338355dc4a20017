"""The rules of a Choice state, compiled into functions of (input, context object).

A comparison with a value of another type is false, as in AWS; a variable that is missing is an error.
Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.stepfunctions.errors import RUNTIME, DataFlowError, SyntaxNotEmulatedError, SyntaxNotReadError
from localcloud.stepfunctions.language.paths import Path, PathNotFoundError, read_path
from localcloud.stepfunctions.language.timestamps import read_timestamp

Rule = Callable[[Any, Mapping[str, Any]], bool]


def compile_rule(rule: Any, *, outermost: bool = True) -> Rule:
    """The test that *rule* writes; an inner rule has no Next."""
    if not isinstance(rule, dict):
        raise SyntaxNotReadError(f"a rule is an object, found {rule!r}")
    names = set(rule) - {"Comment"} - ({"Next"} if outermost else set())
    if len(names) == 1:
        return _compile_combination(names.pop(), rule)
    comparison = names - {"Variable"}
    if len(names) != 2 or len(comparison) != 1:
        raise SyntaxNotReadError(f"a rule holds Variable and one comparison, or And, Or or Not; found {sorted(names)}")
    return _compile_comparison(comparison.pop(), rule)


def _compile_combination(name: str, rule: Mapping[str, Any]) -> Rule:
    if name == "Not":
        inner = compile_rule(rule[name], outermost=False)
        return lambda value, context: not inner(value, context)
    if name not in ("And", "Or"):
        if name == "Condition":
            raise SyntaxNotEmulatedError("Condition belongs to JSONata, which is not emulated here")
        raise SyntaxNotReadError(f"{name} alone is no rule")
    if not isinstance(rule[name], list) or not rule[name]:
        raise SyntaxNotReadError(f"{name} holds at least one rule")
    rules = [compile_rule(each, outermost=False) for each in rule[name]]
    every = all if name == "And" else any
    return lambda value, context: every(each(value, context) for each in rules)


def _compile_comparison(name: str, rule: Mapping[str, Any]) -> Rule:
    if not isinstance(rule["Variable"], str):
        raise SyntaxNotReadError(f"Variable holds a path, found {rule['Variable']!r}")
    variable, wanted = read_path(rule["Variable"]), rule[name]
    if name in _KINDS or name == "IsPresent":
        if not isinstance(wanted, bool):
            raise SyntaxNotReadError(f"{name} is true or false, found {wanted!r}")
        if name == "IsPresent":
            return lambda value, context: _is_present(variable, value, context) is wanted
        is_kind = _KINDS[name]
        return lambda value, context: is_kind(_read(variable, value, context)) is wanted
    by_path = name.endswith("Path")
    compare = _COMPARISONS.get(name.removesuffix("Path"))
    if compare is None or name == "StringMatchesPath":
        raise SyntaxNotReadError(f"there is no comparison {name}")
    type_fits, test = compare
    if by_path:
        if not isinstance(wanted, str):
            raise SyntaxNotReadError(f"{name} holds a path, found {wanted!r}")
        other = read_path(wanted)

        def compare_paths(value: Any, context: Mapping[str, Any]) -> bool:
            left, right = _read(variable, value, context), _read(other, value, context)
            return type_fits(left) and type_fits(right) and test(left, right)

        return compare_paths
    if not type_fits(wanted):
        raise SyntaxNotReadError(f"{name} cannot compare with {wanted!r}")

    def compare_value(value: Any, context: Mapping[str, Any]) -> bool:
        left = _read(variable, value, context)
        return type_fits(left) and test(left, wanted)

    return compare_value


def _read(path: Path, value: Any, context: Mapping[str, Any]) -> Any:
    try:
        return path.read(value, context)
    except PathNotFoundError:
        raise DataFlowError(
            RUNTIME, f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        ) from None


def _is_present(path: Path, value: Any, context: Mapping[str, Any]) -> bool:
    try:
        path.read(value, context)
    except PathNotFoundError:
        return False
    return True


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_null(value: Any) -> bool:
    return value is None


def _is_timestamp(value: Any) -> bool:
    try:
        read_timestamp(value)
    except SyntaxNotReadError:
        return False
    return True


def _by_time(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: compare(read_timestamp(left), read_timestamp(right))


def _matches(text: str, pattern: str) -> bool:
    # `*` matches any characters, `\*` an asterisk and `\\` a backslash.
    parts = re.findall(r"\\[\\*]|\*|[^\\*]+|\\", pattern)
    expression = "".join(".*" if part == "*" else re.escape(re.sub(r"\\([\\*])", r"\1", part)) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
_COMPARISONS: dict[str, tuple[Callable[[Any], bool], Callable[[Any, Any], bool]]] = {
    **{f"String{name}": (_is_string, compare) for name, compare in _ORDERS.items()},
    **{f"Numeric{name}": (_is_number, compare) for name, compare in _ORDERS.items()},
    **{f"Timestamp{name}": (_is_timestamp, _by_time(compare)) for name, compare in _ORDERS.items()},
    "StringMatches": (_is_string, _matches),
    "BooleanEquals": (_is_boolean, operator.is_),
}
_KINDS: dict[str, Callable[[Any], bool]] = {
    "IsNull": _is_null,
    "IsString": _is_string,
    "IsNumeric": _is_number,
    "IsBoolean": _is_boolean,
    "IsTimestamp": _is_timestamp,
}
