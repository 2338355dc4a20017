"""Source filters, judged by rows in DuckDB; and what DMS refuses of them."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from localcloud.dms.rules.mapping_rules import parse
from localcloud.dms.rules.mappings import Mappings
from localcloud.dms.rules.transformations import UnfitRuleError
from localcloud.in_process_transport import AwsError


def filtered(column: str, *conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"filter-type": "source", "column-name": column, "filter-conditions": list(conditions), **more}


def condition(operator: str, *values: Any) -> dict[str, Any]:
    names = ("value",) if len(values) == 1 else ("start-value", "end-value")
    return {"filter-operator": operator, **dict(zip(names, values, strict=False))}


def selection(*filters: dict[str, Any], action: str = "include", table: str = "%") -> dict[str, Any]:
    return {
        "rule-type": "selection",
        "rule-action": action,
        "object-locator": {"schema-name": "public", "table-name": table},
        "filters": list(filters),
    }


def mappings(*rules: dict[str, Any]) -> Mappings:
    return parse(json.dumps({"rules": [{"rule-id": str(n), "rule-name": str(n), **r} for n, r in enumerate(rules)]}))


def rows(*filters: dict[str, Any]) -> list[int | None]:
    """Which of NULL and 1 to 5 come through."""
    found = mappings(selection(*filters)).shape("public", "t", is_view=False).filters
    terms = [one.sql("n", lambda text: f"'{text}'::INTEGER") for one in found]
    query = f"SELECT n FROM (VALUES (NULL), (1), (2), (3), (4), (5)) AS t(n) WHERE {' AND '.join(terms)} ORDER BY n"
    return [row[0] for row in duckdb.sql(query).fetchall()]


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (condition("eq", "3"), [3]),
        (condition("noteq", "3"), [1, 2, 4, 5]),
        (condition("gte", 4), [4, 5]),
        (condition("lte", "2"), [1, 2]),
        (condition("ste", "2"), [1, 2]),
        (condition("between", "2", "3"), [2, 3]),
        (condition("notbetween", "2", "3"), [1, 4, 5]),
        (condition("null"), [None]),
        (condition("notnull"), [1, 2, 3, 4, 5]),
    ],
)
def test_every_operator_keeps_the_rows_that_its_name_says(one: dict[str, Any], found: list[int | None]) -> None:
    assert rows(filtered("n", one)) == found


def test_conditions_are_alternatives_and_filters_all_hold() -> None:
    alternatives = filtered("n", condition("lte", "1"), condition("between", "3", "4"), condition("null"))
    assert rows(alternatives) == [1, 3, 4, None]
    assert rows(alternatives, filtered("n", condition("noteq", "3")), filtered("n", condition("gte", "1"))) == [1, 4]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (filtered("n", condition("noteq", "1"), condition("eq", "2")), "noteq must be the only condition"),
        (filtered("n", condition("like", "1")), "like"),
        (filtered("n", condition("between", "1")), "start-value and end-value"),
        (filtered("n", condition("null", "1")), "no value"),
        (filtered("n", condition("eq", True)), "texts or numbers"),
        (filtered("n"), "filter-conditions"),
        (filtered("", condition("null")), "column-name"),
        (filtered("n", condition("null"), colour="red"), "colour"),
        ({"filter-type": "target"}, "filter-type source"),
    ],
)
def test_a_malformed_filter_is_refused_with_its_reason(given: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        mappings(selection(given))


def test_filters_of_a_rule_that_is_no_include_pass_over() -> None:
    found = mappings(selection(filtered("n", condition("null")), action="explicit", table="t"))
    assert found.shape("public", "t", is_view=False).filters == ()


def test_two_rules_with_different_filters_for_one_table_are_not_guessed_at() -> None:
    found = mappings(selection(), selection(filtered("n", condition("null")), table="t"))
    with pytest.raises(UnfitRuleError, match=r"public\.t with different filters"):
        found.shape("public", "t", is_view=False)
    assert found.shape("public", "other", is_view=False).filters == ()
