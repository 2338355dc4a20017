"""Reads transformation rules as DMS does: what is malformed is refused in AWS's words, what is not done here by name.

Source: AWS DMS user guide, "Transformation rules and actions" (docs/facts/dms.md 5.4).
"""

from __future__ import annotations

from typing import Any

from localcloud.dms.rules.before_images import FILTERS, BeforeImage
from localcloud.dms.rules.expressions import Expression, ExpressionError
from localcloud.dms.rules.rule_members import Rule
from localcloud.dms.rules.transformations import RENAMING, Transformation
from localcloud.dms.type_tables.column import DmsType
from localcloud.in_process_transport import NotEmulatedError

_TARGETS = {"schema", "table", "column"}
_COLUMN_ACTIONS = {"add-column", "include-column", "remove-column", "change-data-type", "add-before-image-columns"}
_NOT_DONE = {
    "data-masking-digits-mask",
    "data-masking-digits-randomize",
    "data-masking-hash-mask",
}
# Source: the guide's list of DMS types, and the examples of the page.
_PLAIN_TYPES = {
    *("int1", "int2", "int4", "int8", "uint1", "uint2", "uint4", "uint8", "real4", "real8", "boolean"),
    *("date", "time", "datetime", "blob", "clob", "nclob"),
}
_SIZED_TYPES = {"string", "wstring", "bytes"}


def read_transformation(rule: Rule) -> Transformation | None:
    """The transformation that *rule* asks for; None for one that changes nothing in S3."""
    target, action = rule.text("rule-target"), rule.text("rule-action")
    if target in {"table-tablespace", "index-tablespace"} or action in _NOT_DONE:
        raise NotEmulatedError(f"the transformation {action} of a {target}")
    if target not in _TARGETS:
        raise rule.refusal(f"Unknown rule-target {target!r}.")
    if action == "define-primary-key":
        return _primary_key(rule, target)
    if action not in RENAMING | _COLUMN_ACTIONS or (action in _COLUMN_ACTIONS and target != "column"):
        raise rule.refusal(f"rule-action {action!r} is not valid for a {target}.")
    schema, table, column, carried = _locator(rule, target, action)
    members: dict[str, Any] = {}
    if action in RENAMING and not action.startswith("convert-"):
        members["value"] = rule.text("value")
    if action.startswith("replace-"):
        members["old_value"] = rule.text("old-value")
    if action == "add-column":
        members["value"] = rule.text("value")
        members["expression"] = _expression(rule)
    if action in {"add-column", "change-data-type"}:
        members["kind"] = _data_type(rule)
    if action == "add-before-image-columns":
        members["before"] = _before_image(rule)
    _drop_empty(rule)
    return Transformation(rule.id, target, action, schema, table, column, carried, **members)


def _locator(rule: Rule, target: str, action: str) -> tuple[str, str, str, str]:
    locator = rule.take("object-locator")
    if not isinstance(locator, dict):
        raise rule.refusal("object-locator is missing.")
    left = dict(locator)
    wanted = ["schema-name"]
    if target != "schema":
        wanted.append("table-name")
    if target == "column" and action != "add-column":
        wanted.append("column-name")
    if action == "add-before-image-columns":
        left.setdefault("column-name", "%")  # observed in public mappings with and without it
    names = [left.pop(name, None) for name in wanted]
    if not all(isinstance(name, str) and name for name in names):
        raise rule.refusal(f"object-locator must name {', '.join(wanted)}.")
    carried = str(left.pop("data-type", "")).upper() if "column-name" in wanted else ""
    # The console names every member, whatever the target (observed in exported mappings).
    left = {name: value for name, value in left.items() if value not in ("%", "", None)}
    if left:
        raise rule.refusal(f"object-locator holds {left}.")
    schema, table, column, *_ = [*map(str, names), "%", "%"]
    return schema, table, column, carried


def _primary_key(rule: Rule, target: str) -> None:
    """A key of the target's table: an object in S3 has none, so the rule is read and changes nothing (assumed)."""
    if target != "table":
        raise rule.refusal("define-primary-key is valid for a table only.")
    schema, table, *_ = _locator(rule, target, "define-primary-key")
    if "%" in schema or "%" in table:
        raise rule.refusal("define-primary-key takes exact names.")
    key = rule.take("primary-key-def")
    if not isinstance(key, dict) or not key.get("name") or not key.get("columns"):
        raise rule.refusal("primary-key-def must have a name and columns.")
    if set(key) - {"name", "origin", "columns"}:
        raise rule.refusal(f"primary-key-def holds {sorted(key)}.")
    _drop_empty(rule)


def _expression(rule: Rule) -> Expression | None:
    if (text := rule.take("expression")) is None:
        return None
    if not isinstance(text, str):
        raise rule.refusal("expression must be a text.")
    try:
        return Expression(text)
    except ExpressionError as error:
        raise NotEmulatedError(f"{error} of add-column") from error


def _before_image(rule: Rule) -> BeforeImage:
    given = rule.take("before-image-def", {})
    if not isinstance(given, dict) or set(given) - {"column-prefix", "column-suffix", "column-filter"}:
        raise rule.refusal("before-image-def must be given as column-prefix, column-suffix and column-filter.")
    if not all(isinstance(value, str) for value in given.values()):
        raise rule.refusal("before-image-def must hold texts.")
    found = BeforeImage(
        prefix=given.get("column-prefix", "BI_"),
        suffix=given.get("column-suffix", ""),
        column_filter=given.get("column-filter", "pk-only"),
    )
    if found.column_filter not in FILTERS:
        raise rule.refusal(f"column-filter must be one of {', '.join(FILTERS)}, not {found.column_filter!r}.")
    if not found.prefix and not found.suffix:
        raise rule.refusal("column-prefix and column-suffix must not both be empty.")
    return found


def _data_type(rule: Rule) -> DmsType:
    given = rule.take("data-type")
    if not isinstance(given, dict) or set(given) - {"type", "length", "scale", "precision"}:
        raise rule.refusal("data-type must be given as type, and length, or precision and scale.")
    name = str(given.get("type")).lower()
    if name in _PLAIN_TYPES:
        return DmsType(name.upper())
    if name in _SIZED_TYPES:
        return DmsType(name.upper(), length=_number(rule, given, "length", least=1))
    if name == "numeric":
        precision = _number(rule, given, "precision", least=1)
        scale = _number(rule, {"scale": 0, **given}, "scale", least=0)
        if precision > 38 or scale > precision:
            raise rule.refusal(f"numeric({precision},{scale}) is no data-type.")
        return DmsType("NUMERIC", precision=precision, scale=scale)
    raise rule.refusal(f"Unknown data-type {given.get('type')!r}.")


def _number(rule: Rule, given: dict[str, Any], name: str, *, least: int) -> int:
    value = str(given.get(name))
    if not value.isdigit() or int(value) < least:
        raise rule.refusal(f"data-type of type {given.get('type')} needs a {name}.")
    return int(value)


def _drop_empty(rule: Rule) -> None:
    """Take what the console exports for every action, empty."""
    for name in ("value", "old-value", "expression", "data-type", "primary-key-def", "before-image-def"):
        rule.take_empty(name)
