"""The flag of entries in databases.yaml, changed without touching anything else."""

from __future__ import annotations

import pytest
import yaml

from onboarding.flag_edit import set_flags

TEXT = """\
# Ours. onboarded: false is the default

- id: shop     # the shop
  schemas: [public]
  onboarded: no   # until May
- {id: crm, server: one, onboarded: true}
- {server: one, id: "erp"}
-
    server: one
    id: 'odd'
    tags: [x]  # onboarded: true
- &base
  id: last"""


def flags(text: str) -> dict[str, object]:
    return {one["id"]: one.get("onboarded") for one in yaml.safe_load(text)}


def test_each_kind_of_entry_gets_the_flag_and_the_others_keep_theirs() -> None:
    changed = set_flags(TEXT, {"shop", "erp", "odd", "last"}, onboarded=True)
    assert flags(changed) == {"shop": True, "crm": True, "erp": True, "odd": True, "last": True}
    assert set_flags(TEXT, (), onboarded=True) == TEXT
    assert flags(set_flags(TEXT, {"crm"}, onboarded=False)) == {**flags(TEXT), "crm": False}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_no_other_line_changes(line_end: str) -> None:
    text = TEXT.replace("\n", line_end)
    before = text.split(line_end)
    after = set_flags(text, {"shop", "odd"}, onboarded=True).split(line_end)
    assert [line for line in after if line not in before] == ["  onboarded: true   # until May", "    onboarded: true"]
    assert [line for line in before if line not in after] == ["  onboarded: no   # until May"]


def test_setting_it_twice_is_setting_it_once() -> None:
    once = set_flags(TEXT, {"shop", "odd"}, onboarded=False)
    assert set_flags(once, {"shop", "odd"}, onboarded=False) == once


def test_a_flag_that_is_merged_from_elsewhere_is_overruled_in_its_entry_alone() -> None:
    text = "- &base\n  id: one\n  onboarded: true\n- <<: *base\n  id: two\n"
    assert flags(set_flags(text, {"two"}, onboarded=False)) == {"one": True, "two": False}
