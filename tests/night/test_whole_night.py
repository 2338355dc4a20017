"""A whole night, from the schedule to the warehouse, and the next one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from cases import SETTINGS
from localcloud.servers.postgres import EmbeddedPostgres
from nights import SAMPLES, Night, Nights

DATABASES = (*SAMPLES, "ranges")


@pytest.fixture(scope="module")
def nights(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """Two nights that have gone by. The tests look at what is left of them and change nothing."""
    with Nights(tmp_path_factory.mktemp("nights"), postgres) as gone_by:
        yield gone_by


@pytest.fixture(scope="module", params=["first", "second"])
def night(nights: Nights, request: pytest.FixtureRequest) -> Night:
    """The first night, then the second, before which rows were changed at a source."""
    return getattr(nights, request.param)


def test_every_database_ends_ok(night: Night) -> None:
    ends = {name: (item["outcome"], item.get("failure_text")) for name, item in night.outcomes.items()}
    assert ends == dict.fromkeys(DATABASES, ("ok", ""))
    assert night.description["status"] == "SUCCEEDED"
    assert json.loads(night.description["output"]) == {"outcomes": {"ok": 4}, "superseded_by": None}


def test_every_table_and_view_of_every_source_is_accounted_for(night: Night) -> None:
    assert night.tables.keys() == night.at_source.keys()
    assert len(night.tables) > 40


def test_source_dms_parquet_and_warehouse_count_the_same_rows_in_every_table(night: Night) -> None:
    assert night.by_dms == night.at_source
    assert night.in_parquet == night.at_source
    assert night.in_warehouse == night.at_source


def test_the_outcome_gives_the_counts_that_were_really_there(night: Night) -> None:
    for key, table in night.tables.items():
        counts = [table[f"rows_{where}"] for where in ("at_source", "by_dms", "in_parquet", "in_warehouse")]
        assert counts == [night.at_source[key]] * 4, key


@pytest.mark.parametrize("database", DATABASES)
def test_every_value_of_every_table_arrives_as_it_was(night: Night, database: str) -> None:
    keys = [key for key in night.source_rows if key[0] == database]
    assert keys
    for key in keys:
        assert differences(night.source_rows[key], night.warehouse_rows[key]) == [], key


def differences(wanted: Counter[tuple], found: Counter[tuple]) -> list[str]:
    """The first few values that differ between two tables, in words."""
    missing, extra = sorted((wanted - found).elements(), key=repr), sorted((found - wanted).elements(), key=repr)
    if len(missing) != len(extra):
        return [f"{len(missing)} rows are missing, {len(extra)} are extra"]
    return [
        f"column {number}: {one!r:.80} became {other!r:.80}"
        for row, twin in zip(missing, extra, strict=True)
        for number, (one, other) in enumerate(zip(row, twin, strict=True))
        if one != other
    ][:5]


def test_large_objects_are_cut_where_the_settings_say_and_nowhere_else(night: Night) -> None:
    rows = night.warehouse_rows["type-museum", "public", "large_objects"]
    lengths = {row[0]: (len(row[2] or ""), len(row[3] or "") // 2) for row in rows}
    assert lengths == {"1": (0, 0), "2": (0, 0), "3": (7, 4), "4": (16_384, 32_768), "5": (16_384, 0)}


def test_a_table_cut_into_ranges_lands_in_as_many_files(night: Night) -> None:
    prefix = f"{night.folder('ranges').prefix}/public/measurements/"
    names = [key.removeprefix(prefix) for key in night.objects if key.startswith(prefix)]
    assert names == [f"SEGMENT{number}_LOAD00000001.parquet" for number in (1, 2, 3, 4)]


def test_nothing_is_written_outside_a_databases_own_folder_and_nothing_is_deleted(nights: Nights) -> None:
    prefixes = [f"{night.folder(name).prefix}/" for night in (nights.first, nights.second) for name in DATABASES]
    assert [key for key in nights.put if not key.startswith(tuple(prefixes))] == []
    assert set(nights.put) == set(nights.second.objects)
    assert nights.deleted == []


def test_each_folder_has_one_manifest_which_names_every_other_object_in_it(nights: Nights) -> None:
    for night in (nights.first, nights.second):
        for database in DATABASES:
            folder = night.folder(database)
            objects = {key: etag for key, etag in night.objects.items() if key.startswith(f"{folder.prefix}/")}
            seal = objects.pop(folder.manifest_key)
            body = nights.cloud.aws.client("s3").get_object(Bucket=SETTINGS.landing_bucket, Key=folder.manifest_key)
            named = {
                file["key"]: f'"{file["etag"]}"'
                for table in json.loads(body["Body"].read())["tables"]
                for file in table["files"]
            }
            assert (named, body["ETag"]) == (objects, seal), folder


def test_each_manifest_is_written_once_and_after_every_other_object_of_its_folder(nights: Nights) -> None:
    for night in (nights.first, nights.second):
        for database in DATABASES:
            folder = night.folder(database)
            written = [key for key in nights.put if key.startswith(f"{folder.prefix}/")]
            assert (written[-1], written.count(folder.manifest_key)) == (folder.manifest_key, 1), folder
            assert len(written) == len(set(written)), folder


def test_the_second_night_is_attempt_two_in_a_new_folder_and_leaves_the_first_ones_as_they_were(nights: Nights) -> None:
    assert {int(item["attempt"]) for item in nights.first.outcomes.values()} == {1}
    assert {int(item["attempt"]) for item in nights.second.outcomes.values()} == {2}
    assert nights.first.objects.items() <= nights.second.objects.items()


def test_the_second_night_reloads_a_task_that_has_run(nights: Nights) -> None:
    tasks = nights.cloud.aws.client("dms").describe_replication_tasks()["ReplicationTasks"]
    for task in tasks:
        statistics = task["ReplicationTaskStats"]
        assert (task["Status"], task["StopReason"]) == ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED")
        assert statistics["FreshStartDate"] == statistics["StartDate"] > task["ReplicationTaskCreationDate"]


def test_what_changed_by_day_is_published_by_night(nights: Nights) -> None:
    key = ("ranges", "public", "measurements")
    assert (nights.first.in_warehouse[key], nights.second.in_warehouse[key]) == (1000, 901)


def test_each_database_has_an_execution_of_its_own_that_ended_green(nights: Nights) -> None:
    machines = nights.cloud.aws.client("stepfunctions")
    executions = machines.list_executions(stateMachineArn=nights.cloud.machine_arns["database-run"])["executions"]
    assert {one["name"]: one["status"] for one in executions} == {
        f"{night.run}-{database}-0": "SUCCEEDED" for night in (nights.first, nights.second) for database in DATABASES
    }


def test_nobody_holds_a_database_after_the_night(nights: Nights) -> None:
    claims = [nights.cloud.clients.ledger.claim(database) for database in DATABASES]
    assert [(claim.number, claim.holder) for claim in claims] == [(2, "")] * 4


def test_each_instance_has_a_lane_of_its_own(nights: Nights) -> None:
    plan = nights.cloud.clients.records.plan("night-1")
    assert {lane.instance: set(lane.databases) for lane in plan.lanes} == {"one": set(SAMPLES), "two": {"ranges"}}


def test_every_row_in_the_warehouse_names_its_database_and_its_file(nights: Nights) -> None:
    where = {"database": "FLEET", "warehouse": SETTINGS.snowflake.warehouse}
    (result,) = nights.cloud.snowflake.administer(
        'SELECT DISTINCT "_FLEET_DATABASE", "_FILE" FROM FLEET."RANGES__PUBLIC"."MEASUREMENTS"', **where
    )
    folder = nights.second.folder("ranges").prefix
    assert sorted(map(tuple, result.rows)) == [
        ("ranges", f"{folder}/public/measurements/SEGMENT{number}_LOAD00000001.parquet") for number in (1, 2, 3, 4)
    ]
