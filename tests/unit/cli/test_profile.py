"""`fleet profile`: what a person reads of a database, what has changed since, and what is written once accepted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from cases import Case, Cases
from onboarding.reader import read_registry
from said import Fleet
from test_census import write_registry
from truths import enter

CASE_COUNT = 10
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "profile.md").read_text(encoding="utf-8")
LARGE = """
CREATE TABLE events (id integer PRIMARY KEY, note text);
INSERT INTO events SELECT n, CASE n WHEN 7 THEN repeat('x', 100000) END FROM generate_series(-400, 600) AS n;
CREATE TABLE words (word text PRIMARY KEY);
INSERT INTO words SELECT 'w' || n FROM generate_series(1, 900) AS n;
"""
CUT = ("--cut-above", "500")


@pytest.mark.parametrize("where", [(), ("--from-here",)], ids=["through AskSource", "from here"])
def test_a_profile_says_sizes_keys_and_proposals_and_the_next_one_what_has_changed(
    fleet: Fleet, case: Case, where: tuple[str, ...]
) -> None:
    case.ask_source(LARGE)
    write_registry(case)
    said = fleet("profile", case.id, "--count", *CUT, *where)
    assert (said.code, "Since" in said.out) == (0, False), said.err
    (row,) = (line.split() for line in said.out.splitlines() if line.startswith("  public.events"))
    assert row[:2] == ["public.events", "1,001"]
    assert row[-5:] == ["-400", "600", "note:", "196", "KB"]
    assert "`parallel_loads` of public.events at " in said.out
    assert "5 ranges of id" in said.out
    assert "`lob_max_kilobytes: 256`: the longest value has 196 KB, and 32 KB are kept" in said.out
    assert "public.words has 900 rows and is left whole: its key begins with no number and no time." in said.out
    assert "2 proposals, which `--accept` writes." in said.out
    case.ask_source(
        "DROP TABLE words; ALTER TABLE events ADD more date; INSERT INTO events SELECT n FROM"
        " generate_series(1000, 3000) AS n"
    )
    after = fleet("profile", case.id, "--count", *where)
    assert "public.words is gone; it had 900 rows" in after.out
    assert "public.events has new columns: more" in after.out
    assert "public.events has 3,002 rows, 3 times the 1,001 before" in after.out


def test_what_is_accepted_is_in_the_registry_beside_its_comments_and_a_run_loads_the_same_rows(
    fleet: Fleet, case: Case
) -> None:
    case.ask_source(LARGE)
    write_registry(case)
    path = Path("registry/databases.yaml")
    before = f"# ours\n{path.read_text()}  # the last line\n"
    path.write_text(before)
    refused = fleet("profile", case.id, "--accept", *CUT)
    assert (refused.code, "no profile of" in refused.err) == (2, True)
    fleet("profile", case.id, "--count", *CUT)
    assert "there is no terminal to ask on" in fleet("profile", case.id, "--accept", *CUT).err
    path.write_text(f"{before}  exclude: [public.events]\n")
    refused = fleet("profile", case.id, "--accept", *CUT, "--yes")
    assert (refused.code, "is for public.events, which `exclude` leaves out." in refused.err) == (2, True)
    assert path.read_text() == f"{before}  exclude: [public.events]\n"
    path.write_text(before)
    said = fleet("profile", case.id, "--accept", *CUT, "--yes")
    assert (said.code, "+  lob_max_kilobytes: 256" in said.out) == (0, True), said.err
    after = path.read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    again = fleet("profile", case.id, "--accept", *CUT, "--yes")
    assert "Nothing is proposed." in again.out
    accepted = read_registry(Path("registry"), {}).database(case.id)
    assert [len(one.boundaries) for one in accepted.parallel_loads] == [4]
    enter(case, parallel_loads=accepted.parallel_loads, lob_max_kilobytes=accepted.lob_max_kilobytes)
    case.go_through("Reconcile")
    loaded = f"SELECT count(*), sum(ID), max(length(NOTE)) FROM {case.warehouse_schema}.EVENTS"
    assert list(map(tuple, case.ask_warehouse(loaded))) == case.ask_source(
        "SELECT count(*), sum(id), max(length(note)) FROM events"
    )
    assert case.ask_source("SELECT count(*) FROM events") == [(1001,)]


def test_databases_of_one_schema_are_a_group_and_what_differs_is_named(fleet: Fleet, case: Case, cases: Cases) -> None:
    twin, odd = cases.take(), cases.take()
    odd.ask_source("DROP TABLE customers CASCADE; ALTER TABLE orders ADD more date")
    write_registry(case, tags=["shops"])
    for name in ("servers", "databases"):
        path = Path("registry") / f"{name}.yaml"
        (entry,) = yaml.safe_load(path.read_text())
        others = [yaml.safe_load(yaml.safe_dump(entry).replace(case.id, one.id)) for one in (twin, odd)]
        path.write_text(yaml.safe_dump([entry, *others]))
    said = fleet("profile", "--tag", "shops")
    assert said.code == 0, said.err
    lines = [line.strip() for line in said.out.splitlines()]
    assert "2 databases on schema A, 1 unlike." in lines
    assert f"{odd.id}: it lacks table customers; orders has column more besides" in lines
    document = json.loads(fleet("profile", "--all", "--json").out)
    assert [one["database"] for one in document["databases"]] == sorted((case.id, twin.id, odd.id))
    assert {(one["failure"], len(one["drift"])) for one in document["databases"]} == {(None, 0)}
    assert [group["databases"] for group in document["groups"]] == [sorted((case.id, twin.id)), [odd.id]]
    assert fleet("profile").code == 2
    assert fleet("profile", case.id, "--all").code == 2


def test_a_source_that_does_not_answer_is_named_with_the_next_step(fleet: Fleet, case: Case) -> None:
    write_registry(case)
    case.put_secret(password="not the password")
    said = fleet("profile", case.id)
    assert said.code == 1
    assert "not profiled: " in said.out
    assert "password authentication failed" in said.out


def test_the_page_shows_what_the_commands_say(fleet: Fleet, case: Case) -> None:
    case.ask_source(LARGE)
    write_registry(case)
    blocks = re.findall(r"^```console\n\$ (.+?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for number, (line, shown) in enumerate(blocks):
        if number == 1:
            case.ask_source("DROP TABLE words; ALTER TABLE events ADD more date")
        _, *words = line.replace("shop", case.id).split()
        said = fleet(*words)
        assert said.code == 0, said.err
        assert plain(said.out.replace(case.id, "shop")) == plain(shown)


def plain(text: str) -> list[str]:
    """*text* without times, sizes and widths."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:+]+", "NOW", text)
    text = re.sub(r"[\d.]+ (KB|bytes)(?= {2}|$)", "SIZE", text, flags=re.MULTILINE)
    return [" ".join(line.split()) for line in text.strip().splitlines()]
