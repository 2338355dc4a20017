"""Values of entries, changed in the text of a list without touching anything else."""

from __future__ import annotations

import pytest
import yaml

from fleet.errors import MalformedInputError
from onboarding.entry_edit import EntryChange, edit

LOAD = {"schema": "public", "table": "b", "column": "id", "boundaries": ["-5", "10"]}
TEXT = """\
# Ours
- id: shop   # the shop
  parallel_loads:
    - schema: public
      table: a      # large
      column: id
      boundaries: ["1",
                   "2"]
    # no more than these
  tags: [x]  # one

# next
- {id: crm, tags: []}
- id: erp
  schemas: [public]
  # the end
"""
AFTER = """\
# Ours
- id: shop   # the shop
  parallel_loads:
    - schema: public
      table: a      # large
      column: id
      boundaries: ["7"]
    - schema: public
      table: b
      column: id
      boundaries: ["-5", "10"]
    # no more than these
  tags: [x]  # one
  lob_max_kilobytes: 64

# next
- {id: crm, tags: ["no"], parallel_loads: [{schema: public, table: b, column: id, boundaries: ["-5", "10"]}]}
- id: erp
  schemas: [public]
  parallel_loads:
    - schema: public
      table: b
      column: id
      boundaries: ["-5", "10"]
    - schema: public
      table: c
      column: id
      boundaries: ["-5", "10"]
  commit_rate: 500
  # the end
"""


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_what_is_meant_changes(line_end: str) -> None:
    changed = edit(
        TEXT.replace("\n", line_end),
        [
            EntryChange("shop", ("parallel_loads", 0, "boundaries"), ["7"]),
            EntryChange("shop", ("parallel_loads", 1), LOAD),
            EntryChange("shop", ("lob_max_kilobytes",), 64),
            EntryChange("crm", ("tags", 0), "no"),
            EntryChange("crm", ("parallel_loads",), [LOAD]),
            EntryChange("erp", ("parallel_loads",), [LOAD, {**LOAD, "table": "c"}]),
            EntryChange("erp", ("commit_rate",), 500),
            EntryChange("gone", ("commit_rate",), 500),
        ],
    )
    assert changed == AFTER.replace("\n", line_end)


@pytest.mark.parametrize(
    "text",
    [
        "- id: one\n  tags: &all [x]\n- id: shop\n  tags: *all\n",
        "- &one\n  id: one\n  tags: [x]\n- <<: *one\n  id: shop\n",
    ],
)
def test_what_an_alias_holds_is_not_changed_behind_its_back(text: str) -> None:
    with pytest.raises(MalformedInputError, match="the text of shop cannot be changed without changing more"):
        edit(text, [EntryChange("shop", ("tags", 1), "y")])


def test_a_tab_that_the_registry_reads_is_no_hindrance() -> None:
    text = '- id: shop\t# ours\n  owner: "a\tb"\n  tags: [x]\t\n'
    assert edit(text, [EntryChange("shop", ("tags", 1), "y")]) == text.replace("[x]", "[x, y]")


def test_texts_that_yaml_reads_as_something_else_are_quoted() -> None:
    values = ["yes", "12", "", "a: b", "#", "ümlaut", "o'clock", 'say "x"', "2026-01-31", "a\\b", "~"]
    changed = edit("- id: shop\n", [EntryChange("shop", ("tags",), values)])
    assert yaml.safe_load(changed)[0]["tags"] == values
