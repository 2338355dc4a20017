"""Reads `TableMappings` as DMS does: what is malformed is refused in AWS's words, what is not done here by name. Pure.

Source: docs/facts/dms.md 5.
"""

from __future__ import annotations

import json

from localcloud.dms.rules.filters import NEGATIVE, OPERATORS, Condition, Filter
from localcloud.dms.rules.mappings import Mappings, ParallelLoad, Selection
from localcloud.dms.rules.rule_members import Rule, refusal
from localcloud.dms.rules.transformation_rules import read_transformation
from localcloud.dms.rules.transformations import Transformation
from localcloud.in_process_transport import NotEmulatedError
from localcloud.quotas import DMS_BOUNDARY_COLUMNS, DMS_TABLE_MAPPING_BYTES


def parse(text: str) -> Mappings:
    """The rules in the JSON *text*, as DMS reads `TableMappings`. Raises AwsError on a malformed rule."""
    if len(text.encode()) > DMS_TABLE_MAPPING_BYTES.value:
        raise refusal(f"Table mappings of {len(text.encode())} bytes; at most {DMS_TABLE_MAPPING_BYTES.value}.")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise refusal(f"Invalid table mappings document. {error}") from error
    if not isinstance(document, dict) or set(document) != {"rules"} or not isinstance(document["rules"], list):
        raise refusal('Invalid table mappings document. It must be {"rules": [...]}.')
    seen: dict[str, set[str]] = {"rule-id": set(), "rule-name": set()}
    selections: list[Selection] = []
    transformations: list[Transformation] = []
    loads: list[ParallelLoad] = []
    for rule in document["rules"]:
        reader = Rule(rule, seen)
        kind = reader.text("rule-type")
        if kind == "selection":
            selections.append(_selection(reader))
        elif kind == "transformation":
            if (changed := read_transformation(reader)) is not None:
                transformations.append(changed)
        elif kind == "table-settings":
            if (load := _parallel_load(reader)) is not None:
                loads.append(load)
        elif kind in {"post-processing", "object-mapping"}:
            raise NotEmulatedError(f"the rule type {kind}")
        else:
            raise reader.refusal(f"Unknown rule-type {kind!r}.")
        reader.close()
    if not any(rule.action != "exclude" for rule in selections):
        raise refusal("Error in mapping rules. At least one selection rule is required.")
    return Mappings(tuple(selections), tuple(transformations), tuple(loads))


def _selection(rule: Rule) -> Selection:
    action = rule.text("rule-action")
    schema, table, rest = rule.locator()
    table_type = rest.pop("table-type", "table")
    if action not in {"include", "exclude", "explicit"}:
        raise rule.refusal(f"Unknown rule-action {action!r}.")
    if table_type not in {"table", "view", "all"} or rest:
        raise rule.refusal(f"object-locator holds {rest or table_type!r}.")
    if action == "explicit" and ("%" in schema or "%" in table):
        raise rule.refusal("An explicit rule takes exact names.")
    filters = rule.take("filters", [])
    if not isinstance(filters, list):
        raise rule.refusal("filters must be a list.")
    # Source: the guide: filters are applied with rule-action include only; elsewhere they are read and pass over.
    found = tuple(_filter(rule, one) for one in filters)
    order = rule.take("load-order", 0)
    if not str(order).isdigit():
        raise rule.refusal(f"load-order must be a number, not {order!r}.")
    return Selection(action, schema, table, table_type, int(order), found)  # type: ignore[arg-type]


def _filter(rule: Rule, given: object) -> Filter:
    if not isinstance(given, dict) or given.get("filter-type") != "source":
        raise rule.refusal("A filter must be an object of filter-type source.")
    column, conditions = given.get("column-name"), given.get("filter-conditions")
    if not isinstance(column, str) or not column or not isinstance(conditions, list) or not conditions:
        raise rule.refusal("A filter needs a column-name and filter-conditions.")
    if unknown := set(given) - {"filter-type", "column-name", "filter-conditions"}:
        raise rule.refusal(f"Unknown members of a filter: {', '.join(sorted(unknown))}.")
    found = tuple(_condition(rule, one) for one in conditions)
    if len(found) > 1 and (negative := NEGATIVE & {one.operator for one in found}):
        raise rule.refusal(f"filter-operator {min(negative)} must be the only condition of its filter.")
    return Filter(column, found)


def _condition(rule: Rule, given: object) -> Condition:
    if not isinstance(given, dict):
        raise rule.refusal("A filter-condition must be an object.")
    operator = str(given.get("filter-operator"))
    if operator not in OPERATORS:
        raise rule.refusal(f"Unknown filter-operator {operator!r}.")
    names = {0: (), 1: ("value",), 2: ("start-value", "end-value")}[OPERATORS[operator]]
    if set(given) - {"filter-operator"} != set(names):
        raise rule.refusal(f"filter-operator {operator} takes {' and '.join(names) or 'no value'}.")
    values = [given[name] for name in names]
    if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
        raise rule.refusal(f"filter-operator {operator} takes texts or numbers.")
    return Condition(operator, tuple(str(value) for value in values))


def _parallel_load(rule: Rule) -> ParallelLoad | None:
    schema, table, rest = rule.locator()
    if rest or any(sign in schema + table for sign in "%["):
        raise refusal("Exact schema and table name required when using table settings rule.")
    if rule.take("lob-settings", {}):
        raise NotEmulatedError("lob-settings in a table-settings rule")
    load = rule.take("parallel-load")
    if not isinstance(load, dict):
        raise rule.refusal("parallel-load is missing.")
    if load == {"type": "none"}:
        return None
    if load.get("type") != "ranges":
        raise NotEmulatedError(f"parallel-load of type {load.get('type')!r}")
    if unknown := set(load) - {"type", "columns", "boundaries", "segment-names"}:
        raise rule.refusal(f"Unknown members of parallel-load: {', '.join(sorted(unknown))}.")
    columns = _texts(rule, "columns", load.get("columns"))
    if len(columns) > DMS_BOUNDARY_COLUMNS.value:
        raise rule.refusal(f"{len(columns)} boundary columns; at most {DMS_BOUNDARY_COLUMNS.value}.")
    boundaries = load.get("boundaries")
    if not isinstance(boundaries, list) or not boundaries:
        raise rule.refusal("boundaries must be a list of lists.")
    bounds = tuple(_texts(rule, "boundaries", bound) for bound in boundaries)
    if any(len(bound) != len(columns) for bound in bounds):
        raise rule.refusal("Every boundary needs one value per column.")
    names = _texts(rule, "segment-names", load["segment-names"]) if "segment-names" in load else ()
    # Source: docs/facts/dms.md 4.4: the last segment lies above the top boundary, so it has a name too.
    if names and (len(names) != len(bounds) + 1 or len(set(names)) != len(names)):
        raise rule.refusal(f"{len(bounds) + 1} segment-names needed, each once, not {len(names)}.")
    return ParallelLoad(schema, table, columns, bounds, names)


def _texts(rule: Rule, key: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise rule.refusal(f"{key} must be a list that is not empty.")
    if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
        raise rule.refusal(f"{key} must hold texts or numbers.")
    return tuple(str(value) for value in values)
