"""What a database inherits: from its family, and after that from what the settings say of every database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fleet.databases import ParallelLoad, Registry, TableRules
from fleet.errors import DuplicateNameError, MalformedInputError, RegistryError
from onboarding.explained import explain, explain_family
from onboarding.reader import read_registry
from registry_texts import SETTINGS

Write = Callable[..., Path]
FAMILY = """\
- id: crm
  instance: one
  schemas: [dbo]
  exclude: ["dbo.log_*"]
  tags: [crm]
  parallel_loads: [{schema: dbo, table: orders, column: id, boundaries: ["10"]}]
  tables:
    - {schema: dbo, table: contacts, deletes: soft, accept: [note]}
    - {schema: dbo, table: calls, losses: accept}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files of a registry by their names, with `databases/` for a folder; the folder."""

    def write_files(of_every: str = "", **files: str) -> Path:
        texts = {
            "settings": SETTINGS + of_every,
            "servers": "- {id: erp, engine: sqlserver, secret: fleet/server/erp}\n"
            "- {id: web, engine: mysql, secret: fleet/server/web, ssl_mode: none}\n",
            **files,
        }
        for name, text in texts.items():
            path = tmp_path / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return write_files


def findings(folder: Path) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        read_registry(folder, {})
    return [line.strip().replace(f"{folder}/", "") for line in str(caught.value).splitlines()[1:]]


def test_an_entry_of_two_lines_has_all_that_its_family_says(write: Write) -> None:
    folder = write(
        "databases: {server: erp, drift: accept, tags: [night]}\n",
        families=FAMILY,
        databases="- id: crm-1\n  family: crm\n",
    )
    database = read_registry(folder, {}).database("crm-1")
    assert (database.server, database.name_at_source, database.instance) == ("erp", "crm-1", "one")
    assert (database.schemas, database.exclude, database.tags) == (("dbo",), ("dbo.log_*",), ("night", "crm"))
    assert (database.drift, database.losses, database.deletes_of(("dbo", "contacts"))) == ("accept", "partial", "soft")


def test_the_nearest_word_counts_and_lists_add_up(write: Write) -> None:
    own = """\
- id: crm-1
  family: crm
  server: erp
  schemas: [dbo, sales]
  tags: [big, crm]
  exclude: ["sales.tmp"]
  parallel_loads: [{schema: sales, table: orders, column: id, boundaries: ["5"]}]
  tables:
    - {schema: dbo, table: contacts, losses: failed, accept: [photo]}
    - {schema: sales, table: orders, drift: failed}
"""
    database = read_registry(write(families=FAMILY, databases=own), {}).database("crm-1")
    assert database.schemas == ("dbo", "sales")
    assert (database.tags, database.exclude) == (("crm", "big"), ("dbo.log_*", "sales.tmp"))
    assert [one.schema for one in database.parallel_loads] == ["dbo", "sales"]
    assert database.tables == (
        TableRules("dbo", "contacts", losses="failed", accept=("note", "photo"), deletes="soft"),
        TableRules("dbo", "calls", losses="accept"),
        TableRules("sales", "orders", drift="failed"),
    )


def test_columns_left_out_add_up_and_a_key_is_the_nearer_one(write: Write) -> None:
    key = "tables: [{schema: dbo, table: t, key: [%s]}]"
    folder = write(
        "databases: {server: erp, exclude_columns: ['*.*.password']}\n",
        families=f"- {{id: crm, instance: one, schemas: [dbo], exclude_columns: [dbo.t.ssn], {key % 'a, b'}}}\n",
        databases=f"- {{id: crm-1, family: crm, exclude_columns: ['*.*.pin'], {key % 'c'}}}\n",
    )
    database = read_registry(folder, {}).database("crm-1")
    assert database.exclude_columns == ("*.*.password", "dbo.t.ssn", "*.*.pin")
    assert database.rules_of(("dbo", "t")).key == ("c",)


def test_of_two_items_for_one_table_the_nearer_counts(write: Write) -> None:
    load = "{schema: dbo, table: orders, column: day, boundaries: ['9']}"
    own = f"- {{id: crm-1, family: crm, server: erp, parallel_loads: [{load}]}}\n"
    database = read_registry(write(families=FAMILY, databases=own), {}).database("crm-1")
    assert database.parallel_loads == (ParallelLoad("dbo", "orders", "day", ("9",)),)


def test_a_database_of_mysql_has_itself_as_schema(write: Write) -> None:
    folder = write(databases="- {id: shop, name_at_source: Shop, server: web, instance: one}\n")
    assert read_registry(folder, {}).database("shop").schemas == ("Shop",)


def test_lists_may_be_cut_into_files(write: Write) -> None:
    entry = "- {{id: {0}, family: crm, server: erp}}\n"
    one = write(families=FAMILY, databases=entry.format("crm-1") + entry.format("crm-2"))
    whole = read_registry(one, {})
    (one / "databases.yaml").unlink()
    cut = write(families=FAMILY, databases__berlin=entry.format("crm-2"), databases__paris=entry.format("crm-1"))
    assert read_registry(cut, {}) == whole
    write(databases=entry.format("crm-3"))
    assert [each.id for each in read_registry(cut, {}).databases] == ["crm-1", "crm-2", "crm-3"]


def test_one_id_in_two_files_is_refused_with_both_places(write: Write) -> None:
    entry = "- {id: crm-1, family: crm, server: erp, name_at_source: %s}\n"
    folder = write(families=FAMILY, databases__a=entry % "A", databases__b=entry % "B")
    (finding,) = findings(folder)
    assert finding.startswith("databases/b.yaml:1: the id `crm-1` is here for the second time, first in ")
    assert finding.endswith("databases/a.yaml:1. Ids are never shared or reused: choose another.")
    with pytest.raises(DuplicateNameError):
        read_registry(folder, {})


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"databases": "- {id: a, family: cmr, server: erp, instance: one, schemas: [dbo]}\n"},
         "databases.yaml:1: a: `family` is 'cmr', wanted one of families.yaml. Did you mean `crm`?"),
        ({"families": FAMILY + "- {id: b, onboarded: true}\n"}, "families.yaml:10: family b has no key `onboarded`."),
        ({"families": FAMILY + "- {tags: [b]}\n"}, "families.yaml:10: family 2 lacks the key `id`. Add `id: ...`."),
        ({"families": FAMILY + "- {id: crm}\n"}, "families.yaml:10: the id `crm` is here for the second time"),
        ({"of_every": "databases: {lob_max_kilobytes: 5}\n"}, "settings.yaml:13: the settings: `databases` has no key"),
        ({"of_every": "databases: {losses: acept}\n"},
         "settings.yaml:13: the settings: `databases`: `losses` is 'acept', wanted 'accept' or 'partial' or 'failed'."),
        ({"databases": "- {id: a, server: erp}\n"}, "databases.yaml:1: a lacks the key `instance`."),
        ({"databases": "- {id: a, family: crm, server: erp, exclude: [x.y]}\n"},
         "databases.yaml:1: a: `exclude[1]` is 'x.y', wanted `schema.table` in one of the database's schemas (dbo)"),
        ({"databases": "- {id: a, family: crm, server: erp, tables: [{schema: x, table: t}]}\n"},
         "databases.yaml:1: a: `tables[2]` is for schema 'x', wanted one of the database's (dbo)."),
        ({"databases": "- {id: a, family: crm, server: erp, tables: [&t {schema: dbo, table: t}, *t]}\n"},
         "databases.yaml:1: a: `tables[3]` is for dbo.t again. Put it into one."),
        ({"databases": "- {id: a, family: crm, server: erp, include: [orders]}\n"},
         "databases.yaml:1: a: `include[0]` is 'orders', wanted `schema.table`"),
    ],
)  # fmt: skip
def test_what_is_wrong_above_a_database_is_named_where_it_is(write: Write, files: dict[str, str], says: str) -> None:
    right = {"families": FAMILY, "databases": "- {id: a, family: crm, server: erp}\n"}
    found = findings(write(**{**right, **files}))
    assert any(line.startswith(says) for line in found), found


def test_what_a_family_has_wrong_is_named_once_for_all_of_its_databases(write: Write) -> None:
    wrong = FAMILY.replace('["10"]', '["10", "5"]')
    entries = "".join(f"- {{id: crm-{number}, family: crm, server: erp}}\n" for number in range(3))
    (finding,) = findings(write(families=wrong, databases=entries))
    assert finding.startswith(
        "families.yaml:6: crm-0: `parallel_loads[0]` gives dbo.orders the boundary '5' after '10'"
    )
    assert finding.endswith("(So it is for 2 others.)")


def test_what_a_family_says_for_other_schemas_is_no_mistake_of_a_database(write: Write) -> None:
    registry: Registry = read_registry(
        write("databases: {exclude: [dbo.sysdiagrams]}\n", databases="- {id: shop, server: web, instance: one}\n"), {}
    )
    assert registry.database("shop").exclude == ("dbo.sysdiagrams",)


def test_what_a_database_leaves_out_may_be_what_its_family_wants(write: Write) -> None:
    entry = "- {id: crm-1, family: crm, server: erp, exclude: [dbo.orders], exclude_columns: ['*.*.note']}\n"
    renames = "  renames: [{schema: dbo, table: orders, column: Op, to: op_code}]\n"
    (found,) = read_registry(write(families=FAMILY + renames, databases=entry), {}).databases
    assert found.exclude == ("dbo.log_*", "dbo.orders")
    nearer = "  parallel_loads: [{schema: dbo, table: log_1, column: id, boundaries: ['1']}]\n"
    wrong = findings(write(families=FAMILY, databases="- id: crm-1\n  family: crm\n  server: erp\n" + nearer))
    assert wrong == [
        "databases.yaml:4: crm-1: `parallel_loads[1]` is for dbo.log_1, which `exclude` leaves out. "
        "Remove it from one of the two."
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("tags: []", "crm-1: `tags` is empty, and takes nothing back of what is inherited: these lists add up. "),
        ("exclude: []", "crm-1: `exclude` is empty, and takes nothing back"),
        ("tables: []", "crm-1: `tables` is empty, and takes nothing back"),
    ],
)
def test_an_empty_list_that_takes_nothing_back_is_a_finding(write: Write, line: str, says: str) -> None:
    text = f"- id: crm-1\n  family: crm\n  server: erp\n  {line}\n"
    (wrong,) = findings(write(families=FAMILY, databases=text))
    assert wrong.startswith(f"databases.yaml:4: {says}")


def test_an_empty_list_over_which_nothing_is_said_is_right(write: Write) -> None:
    text = "- {id: crm-1, family: crm, server: erp, exclude_columns: [], renames: []}\n"
    assert read_registry(write(families=FAMILY, databases=text), {}).databases[0].renames == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("include: [dbo.orders, 'dbo.log_1*']",
         "`include[1]` is 'dbo.log_1*', all of which `exclude` leaves out by 'dbo.log_*'. "),
        ("include: ['public.*']", "`include[0]` is 'public.*', wanted `schema.table` in one of the database's schemas"),
        ("exclude: ['DBO.tmp_*']", "`exclude[1]` is 'DBO.tmp_*', wanted `schema.table` in one of the database's"),
        ("exclude: ['*.*']", "`exclude[1]` is '*.*', and no table would be left."),
        ("exclude: ['dbo.*']", "`exclude[1]` is 'dbo.*', and no table would be left."),
    ],
)  # fmt: skip
def test_patterns_by_which_nothing_of_what_is_meant_follows_are_findings(write: Write, line: str, says: str) -> None:
    text = f"- id: crm-1\n  family: crm\n  server: erp\n  {line}\n"
    (wrong,) = findings(write(families=FAMILY, databases=text))
    assert wrong.startswith(f"databases.yaml:4: crm-1: {says}")


def test_patterns_that_are_right_for_one_schema_are_no_findings(write: Write) -> None:
    patterns = "include: ['d*.o*', 'old.log_*', '*.[*]a', 'dbo.*'], exclude: ['*o.tmp_*', '*.[*]', 'old.*']"
    text = f"- {{id: crm-1, family: crm, server: erp, schemas: [dbo, old], {patterns}}}\n"
    (wrong,) = findings(write(families=FAMILY, databases=text))
    assert "`include[1]` is 'old.log_*', all of which `exclude` leaves out by 'old.*'" in wrong


def test_each_value_says_from_which_layer_it_is(write: Write) -> None:
    folder = write(
        "databases: {drift: accept}\n", families=FAMILY, databases="- {id: a, family: crm, server: erp, views: false}\n"
    )
    sources = {(one.of, one.field): one.source.replace(f"{folder}/", "") for one in explain(folder, {}, "a")}
    assert sources["database", "views"] == "databases.yaml:1"
    assert sources["database", "schemas"] == "families.yaml:3"
    assert sources["database", "drift"] == "settings.yaml:13"
    assert sources["dbo.contacts", "deletes"] == "families.yaml:8"
    assert sources["dbo.contacts", "drift"] == "settings.yaml:13"
    assert sources["database", "deletes"] == "default"


def test_a_family_shows_which_of_its_databases_differ(write: Write) -> None:
    folder = write(
        families=FAMILY,
        databases="- {id: a, family: crm, server: erp}\n- {id: b, family: crm, server: erp, schemas: [sales]}\n"
        "- {id: c, server: web, instance: one}\n",
    )
    found = explain_family(folder, {}, "crm")
    assert found.databases == ("a", "b")
    assert [(one.database, one.field, one.value) for one in found.outliers] == [("b", "schemas", ("sales",))]
    assert found.outliers[0].source.endswith("databases.yaml:2")
    with pytest.raises(MalformedInputError, match=r"no family 'cmr'\. Did you mean `crm`\?"):
        explain_family(folder, {}, "cmr")


def test_owner_and_priority_are_inherited_and_notes_are_a_databases_own(write: Write) -> None:
    folder = write(
        "databases: {owner: dba@example.org}\n",
        families=FAMILY + "  priority: 5\n",
        databases="- {id: a, family: crm, server: erp, notes: moves in March}\n"
        "- {id: b, family: crm, server: erp, owner: team-b, priority: -1}\n",
    )
    found = {one.id: (one.owner, one.priority, one.notes) for one in read_registry(folder, {}).databases}
    assert found == {"a": ("dba@example.org", 5, "moves in March"), "b": ("team-b", -1, "")}
    write(families=FAMILY + "  priority: 101\n  notes: ours\n")
    first, second = sorted(findings(folder))
    assert "`priority` is 101, wanted -100 to 100." in " ".join((first, second))
    assert "notes" in " ".join((first, second))


def test_a_file_that_nobody_reads_is_a_finding(write: Write) -> None:
    entry = "- {id: crm-1, family: crm, server: erp}\n"
    folder = write(families=FAMILY, databases=entry, database__more=entry, servres="- {id: x}\n")
    (folder / "databases.yml").write_text(entry, encoding="utf-8")
    (folder / "names.csv.part").write_text("", encoding="utf-8")
    assert [one.partition(": ")[0] for one in findings(folder)] == ["database", "databases.yml", "servres.yaml"]
    assert "Did you mean `servers.yaml`?" in findings(folder)[2]
