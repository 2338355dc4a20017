"""The rule `add-before-image-columns`: how it is read, and the columns that it adds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.dms.rules import mapping_rules
from localcloud.dms.rules.mappings import Mappings
from localcloud.dms.type_tables.column import DmsType
from localcloud.in_process_transport import AwsError

COLUMNS = [("id", DmsType("INT4")), ("name", DmsType("WSTRING", 9)), ("body", DmsType("NCLOB"))]


def mappings(column: str | None = "%", **image: Any) -> Mappings:
    locator = {"schema-name": "hr", "table-name": "%", **({"column-name": column} if column else {})}
    selection = {
        "rule-type": "selection",
        "rule-id": "1",
        "rule-name": "1",
        "object-locator": {"schema-name": "hr", "table-name": "%"},
        "rule-action": "include",
    }
    rule = {
        "rule-type": "transformation",
        "rule-id": "2",
        "rule-name": "2",
        "rule-target": "column",
        "object-locator": locator,
        "rule-action": "add-before-image-columns",
        "before-image-def": {name.replace("_", "-"): value for name, value in image.items()},
    }
    return mapping_rules.parse(json.dumps({"rules": [selection, rule]}))


def names(given: Mappings, *, are_changes: bool = True) -> list[tuple[str, str | None]]:
    fields = given.shape("hr", "people", is_view=False).fields(COLUMNS, ("id",), are_changes=are_changes)
    return [(one.name, one.source) for one in fields[len(COLUMNS) :]]


@pytest.mark.parametrize(
    ("image", "added"),
    [
        ({}, [("BI_id", "before id")]),
        ({"column_filter": "pk-only", "column_prefix": "old_"}, [("old_id", "before id")]),
        ({"column_filter": "non-lob"}, [("BI_id", "before id"), ("BI_name", "before name")]),
        ({"column_filter": "all"}, [("BI_id", "before id"), ("BI_name", "before name"), ("BI_body", None)]),
        ({"column_prefix": "", "column_suffix": "_was"}, [("id_was", "before id")]),
    ],
)
def test_the_filter_chooses_columns_that_prefix_and_suffix_name(
    image: dict[str, str], added: list[tuple[str, str | None]]
) -> None:
    assert names(mappings(**image)) == added


def test_a_locator_without_a_column_speaks_of_all_and_one_with_a_name_of_that() -> None:
    assert names(mappings(None, column_filter="all")) == names(mappings(column_filter="all"))
    assert names(mappings("na%", column_filter="all")) == [("BI_name", "before name")]


def test_in_a_full_load_the_columns_are_there_and_empty() -> None:
    assert names(mappings(), are_changes=False) == [("BI_id", None)]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ({"column_filter": "keys"}, "column-filter"),
        ({"column_prefix": "", "column_suffix": ""}, "both be empty"),
        ({"column_colour": "red"}, "before-image-def"),
        ({"column_prefix": 1}, "texts"),
    ],
)
def test_a_malformed_definition_is_refused_with_its_reason(image: dict[str, Any], words: str) -> None:
    with pytest.raises(AwsError, match=words):
        mappings(**image)
