"""Transformation rules: what they make of schemas, tables and columns, and what DMS refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.dms.rules.mapping_rules import parse
from localcloud.dms.rules.mappings import Mappings
from localcloud.dms.rules.transformations import UnfitRuleError
from localcloud.dms.type_tables.column import DmsType
from localcloud.in_process_transport import AwsError, NotEmulatedError

COLUMNS = [
    ("id", DmsType("INT4")),
    ("name", DmsType("WSTRING", 40)),
    ("born", DmsType("DATE")),
    ("photo", DmsType("BLOB")),
]
EVERYTHING = {
    "rule-type": "selection",
    "rule-action": "include",
    "object-locator": {"schema-name": "%", "table-name": "%", "table-type": "all"},
}


def rule(target: str, action: str, place: str = "hr.people", **more: Any) -> dict[str, Any]:
    names = dict(zip(("schema-name", "table-name", "column-name"), place.split("."), strict=False))
    return {
        "rule-type": "transformation",
        "rule-target": target,
        "rule-action": action,
        "object-locator": {**names, **more.pop("locator", {})},
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def mappings(*rules: dict[str, Any]) -> Mappings:
    numbered = [{"rule-id": str(n), "rule-name": str(n), **one} for n, one in enumerate((EVERYTHING, *rules))]
    return parse(json.dumps({"rules": numbered}))


def names(*rules: dict[str, Any]) -> list[str]:
    return [one.name for one in mappings(*rules).shape("hr", "people", is_view=False).fields(COLUMNS)]


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ([], ("hr", "people")),
        ([rule("schema", "rename", "hr", value="staff")], ("staff", "people")),
        ([rule("table", "rename", value="folk")], ("hr", "folk")),
        (
            [rule("schema", "add-prefix", "h%", value="x_"), rule("table", "add-suffix", value="_1")],
            ("x_hr", "people_1"),
        ),
        ([rule("table", "remove-prefix", "%.%", value="peo")], ("hr", "ple")),
        ([rule("table", "remove-suffix", "%.%", value="nothing")], ("hr", "people")),
        ([rule("table", "replace-prefix", "%.%", value="shee", old_value="peo")], ("hr", "sheeple")),
        ([rule("table", "replace-suffix", "%.%", value="x", old_value="ple")], ("hr", "peox")),
        ([rule("table", "convert-uppercase", "%.%", value=None, old_value=None)], ("hr", "PEOPLE")),
        ([rule("schema", "convert-lowercase", "HR")], ("hr", "people")),
        ([rule("table", "rename", "other.people", value="folk")], ("hr", "people")),
    ],
)
def test_schemas_and_tables_are_renamed_as_each_action_says(
    rules: list[dict[str, Any]], place: tuple[str, str]
) -> None:
    assert mappings(*rules).target_name("hr", "people") == place


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([rule("column", "rename", "hr.people.name", value="Name")], ["id", "Name", "born", "photo"]),
        ([rule("column", "add-prefix", "hr.people.[bi]%", value="c_")], ["c_id", "name", "c_born", "photo"]),
        ([rule("column", "convert-uppercase", "%.%.n%")], ["id", "NAME", "born", "photo"]),
        ([rule("column", "replace-suffix", "%.%.%e", value="s", old_value="e")], ["id", "nams", "born", "photo"]),
        ([rule("column", "remove-column", "hr.%.p%")], ["id", "name", "born"]),
        (
            [rule("column", "include-column", "hr.people.id"), rule("column", "include-column", "hr.people.b%")],
            ["id", "born"],
        ),
        (
            # As AWS's console exports the two, for one column.
            [rule("column", "include-column", "hr.people.id"), rule("column", "convert-uppercase", "hr.people.id")],
            ["ID"],
        ),
        (
            [rule("column", "add-column", value="at", data_type={"type": "datetime", "precision": 6})],
            ["id", "name", "born", "photo", "at"],
        ),
        ([rule("table", "define-primary-key", primary_key_def={"name": "pk", "columns": ["id"]})], None),
        ([rule("column", "rename", "other.people.name", value="Name")], None),
    ],
)
def test_columns_are_renamed_left_out_and_added(rules: list[dict[str, Any]], found: list[str] | None) -> None:
    assert names(*rules) == (found or [name for name, _ in COLUMNS])


def test_a_data_type_is_changed_for_the_columns_of_one_type_only() -> None:
    change = rule("column", "change-data-type", "%.%.%", locator={"data-type": "int4"}, data_type={"type": "int8"})
    fields = mappings(change).shape("hr", "people", is_view=False).fields(COLUMNS)
    assert [one.kind.name for one in fields] == ["INT8", "WSTRING", "DATE", "BLOB"]
    assert fields[0].carried == DmsType("INT4")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (
            [rule("column", "rename", "%.%.name", value="n"), rule("column", "convert-uppercase", "%.%.n%")],
            r"rules 1 \(rename\), 2 \(convert-uppercase\) change column name of hr.people",
        ),
        ([rule("column", "convert-uppercase", "%.%.%")], "a BLOB can only be removed"),
        ([rule("column", "rename", "%.%.born", value="id")], "two columns of hr.people get the name id"),
        ([rule("column", "add-column", value="ID", data_type={"type": "int4"})], "get the name ID"),
        ([rule("column", "add-column", value="x", data_type={"type": "int4"})] * 2, "get the name x"),
    ],
)
def test_rules_that_do_not_fit_a_table_name_it_and_themselves(rules: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(UnfitRuleError, match=words):
        names(*rules)


def test_a_column_with_a_special_character_in_its_name_is_not_transformed() -> None:
    found = mappings(rule("column", "convert-uppercase", "%.%.%")).shape("hr", "people", is_view=False)
    with pytest.raises(UnfitRuleError, match="special character"):
        found.fields([("a-b", DmsType("INT4"))])


def test_a_removal_that_matches_no_column_changes_nothing() -> None:
    assert names(rule("column", "remove-column", "%.%.Photo")) == names()


@pytest.mark.parametrize(
    ("locators", "column", "words"),
    [
        (["hr.people.%"], "a-b", "special character"),
        (["hr.%.pin", "%.people.p%"], "pin", r"1 .* 2 .* change column pin"),
    ],
)
def test_a_column_is_not_removed_where_no_rule_or_more_than_one_applies_to_it(
    locators: list[str], column: str, words: str
) -> None:
    found = mappings(*(rule("column", "remove-column", one) for one in locators)).shape("hr", "people", is_view=False)
    with pytest.raises(UnfitRuleError, match=words):
        found.fields([(column, DmsType("NCLOB"))])


def test_two_rules_on_one_table_are_one_too_many() -> None:
    found = mappings(rule("table", "rename", value="a"), rule("table", "convert-uppercase", "%.%"))
    with pytest.raises(UnfitRuleError, match=r"rename the table of hr\.people"):
        found.target_name("hr", "people")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (rule("column", "rename", "hr.people.a"), "value"),
        (rule("column", "rename", "hr.people", value="x"), "column-name"),
        (rule("table", "rename", "hr", value="x"), "table-name"),
        (rule("table", "replace-prefix", value="x"), "old-value"),
        (rule("table", "remove-column"), "not valid for a table"),
        (rule("index", "rename", value="x"), "rule-target"),
        (rule("column", "paint", "hr.people.a"), "paint"),
        (rule("column", "change-data-type", "hr.people.a"), "data-type must be given"),
        (rule("column", "change-data-type", "hr.people.a", data_type={"type": "json"}), "json"),
        (rule("column", "change-data-type", "hr.people.a", data_type={"type": "string"}), "length"),
        (rule("column", "change-data-type", "hr.people.a", data_type={"type": "numeric", "precision": 39}), "39"),
        (rule("table", "define-primary-key", "hr.%", primary_key_def={"name": "p", "columns": ["a"]}), "exact names"),
        (rule("table", "define-primary-key"), "primary-key-def"),
        (rule("table", "rename", value="x", colour="red"), "colour"),
    ],
)
def test_a_malformed_transformation_is_refused_with_its_reason(given: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words) as caught:
        mappings(given)
    assert caught.value.code == "InvalidParameterValueException"


@pytest.mark.parametrize("action", ["data-masking-hash-mask", "data-masking-digits-mask"])
def test_what_is_not_done_here_is_refused_by_name(action: str) -> None:
    with pytest.raises(NotEmulatedError, match=action):
        mappings(rule("column", action, "hr.people.a"))
