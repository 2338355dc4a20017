"""The life of a task: what each of its states allows, and how DMS refuses the rest."""

from __future__ import annotations

import json

import pytest

from localcloud.tests.dms.dms_cloud import Cloud, refusal_of, refused, rules


def test_a_task_starts_only_once_both_connections_are_successful(cloud: Cloud) -> None:
    task = cloud.create_task()
    words = "Test connection for replication instance one and endpoint shop-.* should be successful"
    with refused("InvalidResourceStateFault", words + " for starting the replication task"):
        cloud.start(task)
    cloud.test(cloud.source)
    with refused("InvalidResourceStateFault", words):
        cloud.start(task)
    cloud.test(cloud.target)
    cloud.start(task)


def test_a_modify_between_test_and_start_makes_the_start_wait_for_the_hidden_test(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)
    cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"BucketFolder": "shop/2"})
    cloud.until(lambda: cloud.connection(cloud.target)["Status"], "testing")

    def started() -> None:
        if cloud.connection(cloud.target)["Status"] == "testing":
            with refused("InvalidResourceStateFault", "Test connection"):
                cloud.start(task)

    cloud.at_once(started)


def test_start_replication_works_once_in_the_life_of_a_task(cloud: Cloud) -> None:
    task = cloud.create_task()
    assert cloud.run(task)["Status"] == "stopped"
    words = "Start Type : START_REPLICATION, valid only for tasks running for the first time"
    with refused("InvalidParameterCombinationException", words):
        cloud.start(task)
    assert cloud.run(task, "reload-target")["Status"] == "stopped"


@pytest.mark.parametrize("kind", ["reload-target", "resume-processing"])
def test_a_task_that_never_ran_can_only_be_started_afresh(cloud: Cloud, kind: str) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)
    with refused("InvalidParameterCombinationException", "first time"):
        cloud.start(task, kind)


def test_a_task_passes_every_state_on_its_way_and_refuses_what_the_state_forbids(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)

    def started() -> None:
        cloud.start(task)
        assert cloud.task(task)["Status"] == "starting"
        with refused("InvalidResourceStateFault", "cannot be started, invalid state"):
            cloud.start(task, "reload-target")
        with refused("InvalidResourceStateFault", "excluding logging severity task settings, cannot be modified"):
            cloud.dms.modify_replication_task(ReplicationTaskArn=task, TableMappings=rules())
        with refused("InvalidResourceStateFault", "cannot be deleted"):
            cloud.dms.delete_replication_task(ReplicationTaskArn=task)

    cloud.at_once(started)
    cloud.until(lambda: cloud.task(task)["Status"], "stopped")
    with refused("InvalidResourceStateFault", "cannot be stopped"):
        cloud.dms.stop_replication_task(ReplicationTaskArn=task)


def test_a_modified_task_is_modifying_and_then_as_it_was(cloud: Cloud) -> None:
    task = cloud.create_task()

    def modify() -> None:
        changed = cloud.dms.modify_replication_task(
            ReplicationTaskArn=task, TableMappings=rules("orders"), MigrationType="full-load"
        )
        assert changed["ReplicationTask"]["Status"] == "modifying"

    cloud.at_once(modify)
    cloud.until(lambda: cloud.task(task)["Status"], "ready")
    assert json.loads(cloud.task(task)["TableMappings"])["rules"][0]["object-locator"]["table-name"] == "orders"


def test_the_migration_type_of_a_task_cannot_be_changed(cloud: Cloud) -> None:
    with refused("InvalidParameterCombinationException", "migration type"):
        cloud.dms.modify_replication_task(ReplicationTaskArn=cloud.create_task(), MigrationType="cdc")


def test_a_cdc_task_can_be_made_and_modified_but_not_started_on_a_source_without_a_log(cloud: Cloud) -> None:
    task = cloud.create_task(kind="cdc")
    cloud.dms.modify_replication_task(ReplicationTaskArn=task, CdcStopPosition="server_time:2026-11-21T01:00:00")
    cloud.until(lambda: cloud.task(task)["Status"], "ready")
    assert cloud.task(task)["CdcStopPosition"] == "server_time:2026-11-21T01:00:00"
    cloud.test(cloud.source, cloud.target)
    with refused("NotEmulated", "capturing changes"):
        cloud.start(task)


def test_settings_left_out_are_shown_with_their_defaults(cloud: Cloud) -> None:
    task = cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 3})
    settings = json.loads(cloud.task(task)["ReplicationTaskSettings"])
    assert settings["FullLoadSettings"]["MaxFullLoadSubTasks"] == 3
    assert settings["FullLoadSettings"]["CommitRate"] == 10_000
    assert settings["TargetMetadata"]["LobMaxSize"] == 32


def test_malformed_settings_and_mappings_are_refused_on_create_and_on_modify(cloud: Cloud) -> None:
    task = cloud.create_task()
    before = cloud.task(task)
    for more in ({"ReplicationTaskSettings": '{"FullLoadSettings": {"Speed": 9}}'}, {"TableMappings": '{"rules": []}'}):
        with refused("InvalidParameterValueException"):
            cloud.dms.create_replication_task(
                **{
                    "ReplicationTaskIdentifier": "other",
                    "SourceEndpointArn": cloud.source,
                    "TargetEndpointArn": cloud.target,
                    "ReplicationInstanceArn": cloud.instance,
                    "MigrationType": "full-load",
                    "TableMappings": rules(),
                    **more,
                }
            )
        with refused("InvalidParameterValueException"):
            cloud.dms.modify_replication_task(ReplicationTaskArn=task, **more)
    assert cloud.task(task) == before


def test_a_deleted_task_is_not_found(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.dms.delete_replication_task(ReplicationTaskArn=task)
    cloud.until(lambda: refusal_of(lambda: cloud.task(task)), "ResourceNotFoundFault")
