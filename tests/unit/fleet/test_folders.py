"""Laws of folders: a prefix names one attempt, and a file belongs to one table."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fleet.databases import Mode
from fleet.errors import MalformedIdError
from fleet.folders import Folder, LandedFile, judge_prefix, may_be_left_by_test, parse_folder, sort_files
from fleet.names import require_database_id, require_run_id
from fleet.tables.catalogue import TableName

databases = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True)
runs = st.from_regex(r"[A-Za-z0-9-]{1,40}", fullmatch=True)
modes: st.SearchStrategy[Mode] = st.sampled_from(["full", "delta"])
folders = st.builds(Folder, databases, modes, runs, st.integers(0, 10**9))
names = st.text(st.characters(blacklist_characters="/", blacklist_categories=["Cs"]), min_size=1, max_size=12)
tables = st.builds(TableName, names, names)


@given(folders)
def test_a_prefix_names_the_folder_that_it_was_written_from(folder: Folder) -> None:
    assert parse_folder(folder.prefix) == folder


@given(st.text(max_size=60) | st.from_regex(r"[a-zA-Z_-]{1,8}/(full|delta|other)/[^/]{1,9}/[0-9]{1,9}", fullmatch=True))
def test_any_text_is_a_prefix_of_one_folder_or_of_none(text: str) -> None:
    folder = parse_folder(text)
    assert folder is None or folder.prefix == text


@pytest.mark.parametrize(
    "prefix", ["NYC/full/r/000001", "nyc_1/full/r/000001", "nyc/full/a_b/000001", "nyc/full/r/0000001", "nyc/full/r/1"]
)
def test_a_prefix_that_no_attempt_of_ours_has_is_no_folder(prefix: str) -> None:
    assert parse_folder(prefix) is None
    refusal = judge_prefix("nyc", prefix)
    assert refusal is not None
    assert repr(prefix) in refusal.text


@given(folders, databases)
def test_a_folder_is_foreign_to_every_database_but_its_own(folder: Folder, database: str) -> None:
    assert (judge_prefix(database, folder.prefix) is None) == (database == folder.database)


@given(folders, folders)
def test_two_attempts_never_share_a_folder_nor_does_one_hold_the_other(one: Folder, other: Folder) -> None:
    assume(one != other)
    assert not f"{one.prefix}/".startswith(f"{other.prefix}/")


@given(folders, st.lists(tables, unique=True, max_size=5), st.data())
def test_every_file_is_a_tables_or_a_stray_and_the_manifest_is_neither(
    folder: Folder, there: list[TableName], data: st.DataObject
) -> None:
    name = "LOAD{:08X}" if folder.mode == "full" else "20261130-14000{:04}"
    written = {
        f"{folder.table_prefix(table)}{name.format(number)}.parquet": table
        for table in there
        for number in range(1, data.draw(st.integers(1, 3)))
    }
    strays = data.draw(st.lists(st.text(min_size=1, max_size=9).map(lambda rest: f"{folder.prefix}/x{rest}")))
    files = [LandedFile(key, 1, "e") for key in [*written, *strays, folder.manifest_key]]
    by_table, left = sort_files(folder, there, files)
    assert {file.key: table for table, own in by_table.items() for file in own} == written
    assert [file.key for file in left] == strays
    assert by_table.keys() == set(there)


@pytest.mark.parametrize("name", ["LOAD00000001.parquet", "SEGMENT12_LOAD0000000F.parquet", "seg/LOAD00000001.parquet"])
def test_what_dms_writes_is_a_tables_file(name: str) -> None:
    folder, table = Folder("nyc", "full", "r", 1), TableName("public", "flights")
    by_table, strays = sort_files(folder, [table], [LandedFile(folder.table_prefix(table) + name, 1, "e")])
    assert (len(by_table[table]), strays) == (1, [])


@pytest.mark.parametrize("name", ["20261130-140000123.parquet", "20261130-1400001234.parquet"])
def test_a_change_file_is_a_tables_in_the_folder_of_a_delta_alone(name: str) -> None:
    table = TableName("public", "flights")
    for mode, count in (("delta", 1), ("full", 0)):
        folder = Folder("nyc", mode, "r", 1)  # type: ignore[arg-type]
        by_table, _ = sort_files(folder, [table], [LandedFile(folder.table_prefix(table) + name, 1, "e")])
        assert len(by_table[table]) == count


@pytest.mark.parametrize(
    "name", ["LOAD1.parquet", "LOAD00000001.csv", "20261121-0000.parquet", "a/b/LOAD00000001.parquet"]
)
def test_what_dms_does_not_write_in_a_full_load_is_a_stray(name: str) -> None:
    folder, table = Folder("nyc", "full", "r", 1), TableName("public", "flights")
    by_table, strays = sort_files(folder, [table], [LandedFile(folder.table_prefix(table) + name, 1, "e")])
    assert (by_table[table], len(strays)) == ([], 1)


@given(st.text(max_size=50))
def test_an_id_is_taken_as_it_is_or_refused_by_name(text: str) -> None:
    for require in (require_database_id, require_run_id):
        try:
            assert require(text) == text
        except MalformedIdError as error:
            assert repr(text) in str(error)  # noqa: PT017  both ends are right, and nothing between


@pytest.mark.parametrize(
    ("rest", "size_bytes", "may_be"),
    [
        ("awsdms_test_object", 4, True),
        ("", 0, True),
        ("public/", 0, True),
        ("public/", 4, False),
        ("awsdms_test_object", 1025, False),
        ("public/orders/awsdms_test_object", 0, False),
        ("_manifest.json", 4, False),
        ("LOAD00000001.parquet", 4, False),
        ("LOAD00000001", 0, False),
        ("part.PARQUET", 0, False),
        ("part.csv.gz", 0, False),
    ],
)
def test_only_a_small_object_beside_the_schemas_may_be_left_by_a_test(rest: str, size_bytes: int, may_be: bool) -> None:
    folder = Folder("a", "full", "r", 1)
    assert may_be_left_by_test(folder, LandedFile(f"{folder.prefix}/{rest}", size_bytes, "e")) is may_be


def test_an_object_of_another_folder_was_not_left_by_a_test_of_this_one() -> None:
    assert not may_be_left_by_test(Folder("a", "full", "r", 1), LandedFile("a/full/r/000002/x", 0, "e"))
