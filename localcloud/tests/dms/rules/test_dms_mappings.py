"""Table mappings: what is selected, added and cut, and what DMS refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.dms.rules.expressions import constant
from localcloud.dms.rules.mapping_rules import parse
from localcloud.dms.rules.mappings import Mappings, Range
from localcloud.dms.rules.wildcards import matches
from localcloud.dms.type_tables.column import DmsType
from localcloud.in_process_transport import AwsError, NotEmulatedError


def selection(schema: str = "public", table: str = "%", action: str = "include", **more: Any) -> dict[str, Any]:
    locator = {"schema-name": schema, "table-name": table, **more.pop("locator", {})}
    return {"rule-type": "selection", "rule-action": action, "object-locator": locator, **more}


def added(expression: str = "'shop'", **more: Any) -> dict[str, Any]:
    return {
        "rule-type": "transformation",
        "rule-target": "column",
        "rule-action": "add-column",
        "object-locator": {"schema-name": "%", "table-name": "%"},
        "value": "_db",
        "expression": expression,
        "data-type": {"type": "string", "length": 4},
        **more,
    }


def ranges(**load: Any) -> dict[str, Any]:
    whole = {"type": "ranges", "columns": ["id"], "boundaries": [["10"], ["20"]], **load}
    return {
        "rule-type": "table-settings",
        "object-locator": {"schema-name": "public", "table-name": "orders"},
        "parallel-load": whole,
    }


def mappings(*rules: dict[str, Any]) -> Mappings:
    return parse(json.dumps({"rules": [{"rule-id": str(n), "rule-name": str(n), **r} for n, r in enumerate(rules)]}))


def is_selected(found: Mappings, table: str, *, is_view: bool = False) -> bool:
    return found.load_order("public", table, is_view=is_view) is not None


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        ("%", "", True),
        ("ord%", "orders", True),
        ("ord%", "Orders", False),
        ("order_", "order", False),
        ("order[_]1", "order_1", True),
        ("order[_]1", "orderx1", False),
        ("[ab]x", "bx", True),
        ("[a-d]x", "ex", False),
        ("a.c", "abc", False),
        ("a[[]1]", "a[1]", True),
        ("100[%]", "100%", True),
        ("100[%]", "1000", False),
    ],
)
def test_wildcards_match_as_dms_documents_them(pattern: str, name: str, is_match: bool) -> None:
    assert matches(pattern, name) is is_match


@given(st.text(max_size=12))
def test_a_name_with_its_wildcards_bracketed_matches_itself(name: str) -> None:
    assert matches("".join(f"[{sign}]" if sign in "_%[" else sign for sign in name), name)


def test_an_exclude_takes_out_what_an_include_took_in() -> None:
    found = mappings(selection(), selection(table="tmp%", action="exclude"))
    assert is_selected(found, "orders")
    assert not is_selected(found, "tmp_1")


def test_a_locator_means_tables_only_unless_it_says_otherwise() -> None:
    assert not is_selected(mappings(selection()), "v", is_view=True)
    views = mappings(selection(locator={"table-type": "view"}))
    assert is_selected(views, "v", is_view=True)
    assert not is_selected(views, "t")
    everything = mappings(selection(locator={"table-type": "all"}))
    assert is_selected(everything, "v", is_view=True)
    assert is_selected(everything, "t")


def test_an_explicit_rule_means_one_name_and_no_pattern() -> None:
    found = mappings(selection(table="order_1", action="explicit"))
    assert is_selected(found, "order_1")
    assert not is_selected(found, "orderx1")


def test_the_highest_load_order_of_the_rules_that_select_a_table_counts() -> None:
    found = mappings(selection(), selection(table="orders", **{"load-order": "3"}))
    assert (found.load_order("public", "orders", is_view=False), found.load_order("public", "x", is_view=False)) == (
        3,
        0,
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [("'shop'", "shop"), ("'it''s'", "it's"), ("$AR_M_SOURCE_SCHEMA", "public"), ("$AR_M_SOURCE_TABLE_NAME", "orders")],
)
def test_an_added_column_holds_a_literal_or_a_name(expression: str, value: str) -> None:
    found = mappings(selection(), added(expression)).shape("public", "orders", is_view=False)
    (column,) = found.fields([])
    assert (column.name, column.kind) == ("_db", DmsType("STRING", 4))
    assert column.expression is not None
    assert constant(column.expression, found.schema, found.table, datetime(2026, 11, 21, tzinfo=UTC)) == value


def test_ranges_cover_the_table_without_gap_or_overlap() -> None:
    load = mappings(selection(), ranges()).parallel_load("public", "orders")
    assert load is not None
    assert load.segments() == [
        ("SEGMENT1_", Range(("id",), None, ("10",))),
        ("SEGMENT2_", Range(("id",), ("10",), ("20",))),
        ("SEGMENT3_", Range(("id",), ("20",), None)),
    ]


def test_a_parallel_load_of_type_none_loads_the_table_whole() -> None:
    whole = {**ranges(), "parallel-load": {"type": "none"}}
    assert mappings(selection(), whole).parallel_load("public", "orders") is None


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "At least one selection rule"),
        ([selection(action="exclude")], "At least one selection rule"),
        ([selection(), {**selection(), "rule-id": "0"}], "rule-id '0' is not unique"),
        ([selection(), {**selection(), "rule-name": "0"}], "rule-name '0' is not unique"),
        ([{**selection(), "rule-id": "a"}], "rule-id must be numeric"),
        ([{**selection(), "rule-type": "choice"}], "Unknown rule-type"),
        ([{**selection(), "colour": "red"}], "colour"),
        ([{**selection(), "filters": None}], "filters is null"),
        ([selection(action="take")], "rule-action"),
        ([selection(table="%", action="explicit")], "exact names"),
        ([selection(locator={"table-type": "index"})], "index"),
        (
            [selection(), {**ranges(), "object-locator": {"schema-name": "public", "table-name": "%"}}],
            "Exact schema and table name required when using table settings rule.",
        ),
        ([selection(), ranges(boundaries=[["1", "2"]])], "one value per column"),
        ([selection(), ranges(boundaries=[])], "boundaries"),
        ([selection(), ranges(**{"segment-names": ["a", "b"]})], "3 segment-names"),
        ([selection(), ranges(columns=[str(n) for n in range(11)])], "at most 10"),
        ([selection(), added(**{"data-type": {"type": "string"}})], "length"),
    ],
)
def test_a_malformed_rule_is_refused_with_its_reason(rules: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        mappings(*rules)
    assert caught.value.code == "InvalidParameterValueException"


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (added("$AR_H_COLOUR"), "AR_H_COLOUR"),
        (added("random()"), "random"),
        ({**added(), "rule-target": "table-tablespace"}, "table-tablespace"),
        (ranges(type="partitions-auto"), "partitions-auto"),
        (ranges(type="partitions-list", partitions=["a"]), "partitions-list"),
        ({**ranges(), "lob-settings": {"mode": "limited"}}, "lob-settings"),
        ({**selection(), "rule-type": "post-processing"}, "post-processing"),
    ],
)
def test_a_legal_rule_that_is_not_done_here_is_refused_by_name(rule: dict[str, Any], name: str) -> None:
    with pytest.raises(NotEmulatedError, match=name):
        mappings(selection(), rule)


@pytest.mark.parametrize("text", ["", "[]", '{"rules": 1}', '{"rules": [], "more": 1}', '{"rules": [3]}'])
def test_what_is_no_document_of_rules_is_refused(text: str) -> None:
    with pytest.raises(AwsError):
        parse(text)


def test_mappings_of_more_than_two_megabytes_are_refused() -> None:
    with pytest.raises(AwsError, match="at most 2097152"):
        parse(" " * (2 * 1024 * 1024 + 1))
