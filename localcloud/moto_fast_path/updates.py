"""Updates of DynamoDB's items of a kind that moto has carried out before.

moto walks through an update's expression thirteen times, and parses its condition twice: a millisecond and a half, half
of what a run's functions compute. What depends on the expressions alone is right for good once moto has let it pass, so
such an update is kept as a list of steps, beside the condition as moto itself has read it. Whatever is not plain, and
whatever is refused, is left to moto.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import localcloud.moto_import  # noqa: F401

from moto.dynamodb.comparisons import AttributeValue, create_condition_expression_parser
from moto.dynamodb.exceptions import ConditionalCheckFailed
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import ast_nodes
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

from localcloud.account import ACCOUNT, REGION

_READ = {
    "TableName",
    "Key",
    "UpdateExpression",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValues",
}
_PLAIN = {"S", "N", "BOOL", "NULL", "SS"}
"""Types of values that moto keeps as they come."""
_ROOM = 300_000
"""Characters of an item and a request together up to which no item is near DynamoDB's 400 KB."""
_KINDS: dict[type, str] = {
    ast_nodes.UpdateExpressionSetAction: "set",
    ast_nodes.UpdateExpressionRemoveAction: "remove",
    ast_nodes.UpdateExpressionAddAction: "add",
    ast_nodes.UpdateExpressionDeleteAction: "delete",
}
_MOST = 1_024


@dataclass(frozen=True)
class _Step:
    """What is done to one attribute with the value of that name. *is_default*: not where there is the attribute."""

    kind: str
    attribute: str
    value: str = ""
    is_default: bool = False


@dataclass(frozen=True)
class _Plan:
    """An update that moto has let pass: its condition, the condition's places for values by name, and its steps."""

    condition: Any
    places: tuple[tuple[str, AttributeValue], ...]
    steps: tuple[_Step, ...]
    changed: frozenset[str]


_Kind = tuple[str, str | None, tuple[tuple[str, str], ...], frozenset[str]]
_plans: dict[_Kind, _Plan | None] = {}


def apply(body: Mapping[str, Any], length: int) -> dict[str, Any] | None:
    """What DynamoDB answers to the UpdateItem *body* of *length* bytes, which is carried out; None leaves it to moto.

    Not for several threads at once.

    Raises:
        ConditionalCheckFailed: As moto does, where the condition does not hold.
    """
    plan = _plans.get(_kind_of(body)) if body.keys() <= _READ and "UpdateExpression" in body else None
    table = dynamodb_backends[ACCOUNT][REGION].tables.get(body["TableName"]) if plan else None
    if plan is None or table is None or not _is_plain(plan, table, body):
        return None
    keys = DynamoType(body["Key"][table.hash_key_attr]), DynamoType(body["Key"][table.range_key_attr])
    item = table.get_item(*keys)
    values = body.get("ExpressionAttributeValues", {})
    for name, place in plan.places:
        ((place.type, place.value),) = values[name].items()
    holds = _holds(plan, item)
    if holds is None or (item is not None and item.size() + length > _ROOM):
        return None
    if not holds:
        raise ConditionalCheckFailed
    changes = _changes(plan, item.attrs if item is not None else {}, values)
    if changes is None:
        return None
    if item is None:
        item = table.put_item(dict(body["Key"]))
    for name, value in changes.items():
        if value is None:
            item.attrs.pop(name, None)
        else:
            dict.__setitem__(item.attrs, name, value)  # its own looks at the size of all others each time
    return item.to_json() if body.get("ReturnValues") == "ALL_NEW" else {}


def learn(body: Mapping[str, Any]) -> None:
    """Note that moto has carried out *body*: another of its kind needs no look at its expressions."""
    if body.keys() <= _READ and "UpdateExpression" in body and len(_plans) < _MOST:
        kind = _kind_of(body)
        if kind not in _plans:
            _plans[kind] = _plan_of(body)


def _kind_of(body: Mapping[str, Any]) -> _Kind:
    names = body.get("ExpressionAttributeNames", {})
    values = frozenset(body.get("ExpressionAttributeValues", ()))
    return body["UpdateExpression"], body.get("ConditionExpression"), tuple(names.items()), values


def _plan_of(body: Mapping[str, Any]) -> _Plan | None:
    names, values = body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
    tree: Any = copy.deepcopy(UpdateExpressionParser.make(body["UpdateExpression"].strip()))
    tree.normalize()
    steps = tuple(step for node in tree.children if (step := _step_of(node, names)))
    condition = body.get("ConditionExpression")
    if len(steps) < len(tree.children) or "BETWEEN" in (condition or "").upper():  # which moto refuses for some values
        return None
    # Each value's own name in its place: so the place is found again.
    asked = create_condition_expression_parser(condition, names, {name: {"S": name} for name in values}).parse()
    return _Plan(
        asked,
        tuple((place.value, place) for place in _places(asked)),
        steps,
        frozenset(step.attribute for step in steps),
    )


def _step_of(node: Any, names: Mapping[str, str]) -> _Step | None:
    """The step of one action; None if it is not plain."""
    kind, attribute = _KINDS[type(node)], _attribute(node.children[0], names)
    if not attribute or kind == "remove":
        return _Step(kind, attribute) if attribute else None
    value, is_default = _single(node.children[1]), False
    operands = _children(value) if type(value) is ast_nodes.UpdateExpressionValue else []
    if len(operands) == 3 and _attribute(operands[0], names) == attribute:
        kind, value = {"+": "plus", "-": "minus"}[operands[1].get_operator()], operands[2]
    if type(value) is ast_nodes.UpdateExpressionFunction and value.get_function_name() == "if_not_exists":
        if _attribute(value.get_nth_argument(1), names) != attribute:
            return None
        value, is_default = _single(value.get_nth_argument(2)), True
    is_given = type(value) is ast_nodes.ExpressionAttributeValue
    return _Step(kind, attribute, value.get_value_name(), is_default) if is_given else None


def _single(value: Any) -> Any:
    """What a value of one operand consists of."""
    while type(value) is ast_nodes.UpdateExpressionValue and len(children := _children(value)) == 1:
        (value,) = children
    return value


def _children(node: Any) -> list[Any]:
    return node.children or []


def _attribute(path: Any, names: Mapping[str, str]) -> str:
    """The attribute that a path of one element names; empty for any other."""
    children = _children(path) if type(path) is ast_nodes.UpdateExpressionPath else []
    if len(children) != 1:
        return ""
    (one,) = children
    if type(one) is ast_nodes.ExpressionAttributeName:
        return names[one.get_attribute_name_placeholder()]
    return one.get_attribute_name() if type(one) is ast_nodes.ExpressionAttribute else ""


def _places(asked: Any) -> Iterator[AttributeValue]:
    """The places for values below a node of a condition."""
    if isinstance(asked, AttributeValue):
        yield asked
    elif isinstance(asked, list | tuple):
        for one in asked:
            yield from _places(one)
    elif type(asked).__module__ == AttributeValue.__module__:
        for one in vars(asked).values():
            yield from _places(one)


def _holds(plan: _Plan, item: Item | None) -> bool | None:
    """Whether the condition does; None where moto breaks over it, which it shall do in its own way."""
    try:
        return bool(plan.condition.expr(item))
    except (ValueError, TypeError, ArithmeticError):
        return None


def _is_plain(plan: _Plan, table: Table, body: Mapping[str, Any]) -> bool:
    """Whether the request changes neither keys nor what an index is by, and has values that are kept as they come."""
    keys = {table.hash_key_attr, table.range_key_attr}
    values = body.get("ExpressionAttributeValues", {}).values()
    return (
        body["Key"].keys() == keys
        and table.stream_shard is None
        and body.get("ReturnValues", "NONE") in {"NONE", "ALL_NEW"}
        and not any(one["AttributeName"] in plan.changed for one in table.attr)
        and all(value.keys() <= _PLAIN and value and value.get("SS") != [] for value in values)
    )


def _changes(plan: _Plan, item: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, DynamoType | None] | None:
    """The new value of each changed attribute, None for one that goes; None as a whole if moto must look at it."""
    changes: dict[str, DynamoType | None] = {}
    for step in plan.steps:
        there = item.get(step.attribute)
        if step.kind == "remove":
            changes[step.attribute] = None
        elif step.kind == "set":
            if not step.is_default or there is None:
                changes[step.attribute] = DynamoType(values[step.value])
        elif step.kind in {"plus", "minus"}:
            given = DynamoType(values[step.value])
            if there is None or there.type != "N" or given.type != "N":
                return None
            changes[step.attribute] = there + given if step.kind == "plus" else there - given
        else:
            given = DynamoType(values[step.value])
            is_set = given.type == "SS"
            is_number = given.type == "N" and step.kind == "add"
            if not (is_set or is_number) or (there is not None and there.type != given.type):
                return None
            if not is_set:
                changes[step.attribute] = (there or DynamoType({"N": "0"})) + given
            else:
                held = list(there.value) if there is not None else []
                if step.kind == "add":
                    held += [one for one in dict.fromkeys(given.value) if one not in held]
                else:
                    held = [one for one in held if one not in given.value]
                changes[step.attribute] = DynamoType({"SS": held}) if held else None
    return changes
