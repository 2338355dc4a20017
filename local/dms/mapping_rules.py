"""Reads `TableMappings` as DMS does: what is malformed is refused in AWS's words, what is not done here by name. Pure.

Source: reference/dms.md section 5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fleet.quotas import DMS_BOUNDARY_COLUMNS, DMS_TABLE_MAPPING_BYTES
from local.dms.mappings import AddedColumn, Mappings, ParallelLoad, Selection
from local.wire import AwsError, NotEmulatedError


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
    added: list[AddedColumn] = []
    loads: list[ParallelLoad] = []
    for rule in document["rules"]:
        reader = _Rule(rule, seen)
        kind = reader.text("rule-type")
        if kind == "selection":
            selections.append(_selection(reader))
        elif kind == "transformation":
            added.append(_added_column(reader))
        elif kind == "table-settings":
            loads.append(_parallel_load(reader))
        elif kind in {"post-processing", "object-mapping"}:
            raise NotEmulatedError(f"the rule type {kind}")
        else:
            raise reader.refusal(f"Unknown rule-type {kind!r}.")
        reader.close()
    if not any(rule.action != "exclude" for rule in selections):
        raise refusal("Error in mapping rules. At least one selection rule is required.")
    return Mappings(tuple(selections), tuple(added), tuple(loads))


def refusal(message: str) -> AwsError:
    """The fault for a malformed mapping. Its code is assumed (it is not in the service model)."""
    return AwsError("InvalidParameterValueException", message)


class _Rule:
    """One rule's members; each is taken once, and what is left over is unknown to DMS."""

    def __init__(self, rule: object, seen: Mapping[str, set[str]]) -> None:
        if not isinstance(rule, dict):
            raise refusal("Error in mapping rules. A rule must be an object.")
        self._left: dict[str, Any] = dict(rule)
        self.id = str(rule.get("rule-id"))
        if not self.id.isdigit():
            raise self.refusal("rule-id must be numeric.")
        name = self.text("rule-name") if rule.get("rule-name") is not None else self.id
        for key, value in (("rule-id", self.id), ("rule-name", name)):
            if value in seen[key]:
                raise self.refusal(f"{key} {value!r} is not unique.")
            seen[key].add(value)
            self._left.pop(key, None)

    def refusal(self, why: str) -> AwsError:
        return refusal(f"Error in mapping rules. Rule with ruleId = {self.id} failed validation. {why}")

    def take(self, key: str, default: Any = None) -> Any:
        # A null member is refused on the way back in, though the API itself hands it out (observed: aws/aws-cli#7057).
        if key in self._left and self._left[key] is None:
            raise self.refusal(f"{key} is null.")
        return self._left.pop(key, default)

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self.refusal(f"{key} must be a text that is not empty, not {value!r}.")
        return value

    def locator(self) -> tuple[str, str, dict[str, Any]]:
        """Schema, table and the further members of the object-locator."""
        locator = self.take("object-locator")
        if not isinstance(locator, dict):
            raise self.refusal("object-locator is missing.")
        rest = dict(locator)
        names = rest.pop("schema-name", None), rest.pop("table-name", None)
        if not all(isinstance(name, str) and name for name in names):
            raise self.refusal("object-locator must name schema-name and table-name.")
        return str(names[0]), str(names[1]), rest

    def close(self) -> None:
        if self._left:
            raise self.refusal(f"Unknown members: {', '.join(sorted(self._left))}.")


def _selection(rule: _Rule) -> Selection:
    action = rule.text("rule-action")
    schema, table, rest = rule.locator()
    table_type = rest.pop("table-type", "table")
    if action not in {"include", "exclude", "explicit"}:
        raise rule.refusal(f"Unknown rule-action {action!r}.")
    if table_type not in {"table", "view", "all"} or rest:
        raise rule.refusal(f"object-locator holds {rest or table_type!r}.")
    if action == "explicit" and ("%" in schema or "%" in table):
        raise rule.refusal("An explicit rule takes exact names.")
    if rule.take("filters", []):
        raise NotEmulatedError("filters in a selection rule")
    order = rule.take("load-order", 0)
    if not str(order).isdigit():
        raise rule.refusal(f"load-order must be a number, not {order!r}.")
    return Selection(action, schema, table, table_type, int(order))  # type: ignore[arg-type]


def _added_column(rule: _Rule) -> AddedColumn:
    target, action = rule.text("rule-target"), rule.text("rule-action")
    if (target, action) != ("column", "add-column"):
        raise NotEmulatedError(f"the transformation {action} of a {target}")
    schema, table, rest = rule.locator()
    if rest:
        raise rule.refusal(f"object-locator holds {rest}.")
    name, expression = rule.text("value"), rule.text("expression")
    is_literal = re.fullmatch(r"'(?:[^']|'')*'", expression) is not None
    if not is_literal and expression not in {"$AR_M_SOURCE_SCHEMA", "$AR_M_SOURCE_TABLE_NAME"}:
        raise NotEmulatedError(f"the expression {expression} of add-column")
    data_type = rule.take("data-type")
    if not isinstance(data_type, dict) or set(data_type) - {"type", "length", "scale", "precision"}:
        raise rule.refusal("data-type must be given as type and length.")
    if data_type.get("type") != "string":
        raise NotEmulatedError(f"add-column with data-type {data_type.get('type')!r}")
    length = data_type.get("length")
    if not str(length).isdigit() or int(str(length)) < 1:
        raise rule.refusal("data-type of type string needs a length.")
    return AddedColumn(schema, table, name, expression, int(str(length)))


def _parallel_load(rule: _Rule) -> ParallelLoad:
    schema, table, rest = rule.locator()
    if rest or any(sign in schema + table for sign in "%["):
        raise refusal("Exact schema and table name required when using table settings rule.")
    if rule.take("lob-settings", {}):
        raise NotEmulatedError("lob-settings in a table-settings rule")
    load = rule.take("parallel-load")
    if not isinstance(load, dict):
        raise rule.refusal("parallel-load is missing.")
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
    # Source: reference/dms.md 4.4: the last segment lies above the top boundary, so it has a name too.
    if names and (len(names) != len(bounds) + 1 or len(set(names)) != len(names)):
        raise rule.refusal(f"{len(bounds) + 1} segment-names needed, each once, not {len(names)}.")
    return ParallelLoad(schema, table, columns, bounds, names)


def _texts(rule: _Rule, key: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not values:
        raise rule.refusal(f"{key} must be a list that is not empty.")
    if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
        raise rule.refusal(f"{key} must hold texts or numbers.")
    return tuple(str(value) for value in values)
