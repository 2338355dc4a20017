"""Replication instances and subnet groups: their life, what they refuse, and what runs out on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest

from localcloud.dms.engines.reader import SourceTable
from localcloud.dms.instance_classes import MEMORY_GIB
from localcloud.dms.resources import Delays
from localcloud.dms.type_tables.column import SourceColumn
from localcloud.tests.dms.dms_cloud import STATUS, Cloud, Clouds, FakeReader, refusal_of, refused, subnets

_GIB = 1024**3


@pytest.fixture
def cloud(clouds: Clouds, reader: FakeReader) -> Iterator[Cloud]:
    with clouds.open(reader) as cloud:
        cloud.until_available()
        yield cloud


def _instance(cloud: Cloud) -> dict[str, Any]:
    return cloud.dms.describe_replication_instances()["ReplicationInstances"][0]


def _create(cloud: Cloud, name: str, **more: Any) -> dict[str, Any]:
    wanted = {"ReplicationInstanceIdentifier": name, "ReplicationInstanceClass": "dms.r6i.large"} | more
    return cloud.dms.create_replication_instance(**wanted)["ReplicationInstance"]


def test_the_storage_of_an_instance_depends_on_its_class(cloud: Cloud) -> None:
    assert _instance(cloud)["AllocatedStorage"] == 100
    assert _create(cloud, "small", ReplicationInstanceClass="dms.t3.micro")["AllocatedStorage"] == 50
    assert _instance(cloud)["ReplicationSubnetGroup"]["ReplicationSubnetGroupIdentifier"] == "default"


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("NotEmulated", {"ReplicationInstanceClass": "dms.z9.large"}),
        ("NotEmulated", {"EngineVersion": "9.9.9"}),
        ("InvalidParameterValueException", {"AllocatedStorage": 7_000}),
        ("InvalidParameterValueException", {"PreferredMaintenanceWindow": "sunday"}),
        ("InvalidParameterCombinationException", {"MultiAZ": True, "AvailabilityZone": "eu-central-1a"}),
        ("ResourceNotFoundFault", {"ReplicationSubnetGroupIdentifier": "nowhere"}),
        ("ResourceAlreadyExistsFault", {"ReplicationInstanceIdentifier": "ONE"}),
        ("InvalidParameterValueException", {"ReplicationInstanceIdentifier": "a--b"}),
        ("InvalidParameterValueException", {"ResourceIdentifier": "-"}),
    ],
)
def test_an_instance_that_may_not_be_is_refused(cloud: Cloud, code: str, more: dict[str, Any]) -> None:
    with refused(code):
        _create(cloud, more.pop("ReplicationInstanceIdentifier", "two"), **more)


def test_a_change_that_is_to_be_applied_at_once_passes_modifying(cloud: Cloud) -> None:
    def grow() -> None:
        changed = cloud.dms.modify_replication_instance(
            ReplicationInstanceArn=cloud.instance, AllocatedStorage=200, ApplyImmediately=True
        )["ReplicationInstance"]
        assert (changed[STATUS], changed["AllocatedStorage"]) == ("modifying", 100)
        with refused("InvalidResourceStateFault", "modifying"):
            cloud.dms.reboot_replication_instance(ReplicationInstanceArn=cloud.instance)

    cloud.at_once(grow)
    cloud.until_available()
    assert _instance(cloud)["AllocatedStorage"] == 200


def test_a_change_that_may_wait_is_pending_until_one_is_applied_at_once(cloud: Cloud) -> None:
    modify: Callable[..., Any] = cloud.dms.modify_replication_instance
    waiting = modify(ReplicationInstanceArn=cloud.instance, MultiAZ=True)["ReplicationInstance"]
    assert (waiting[STATUS], waiting["MultiAZ"]) == ("available", False)
    assert waiting["PendingModifiedValues"] == {"MultiAZ": True}
    modify(ReplicationInstanceArn=cloud.instance, AllocatedStorage=200, ApplyImmediately=True)
    cloud.until_available()
    shown = _instance(cloud)
    assert (shown["MultiAZ"], shown["AllocatedStorage"], shown["PendingModifiedValues"]) == (True, 200, {})


def test_an_instance_made_in_a_zone_may_later_have_two(cloud: Cloud) -> None:
    made = _create(cloud, "zoned", AvailabilityZone="eu-central-1b")
    assert made["AvailabilityZone"] == "eu-central-1b"
    cloud.until(lambda: {one[STATUS] for one in _all(cloud)}, {"available"})
    cloud.dms.modify_replication_instance(
        ReplicationInstanceArn=made["ReplicationInstanceArn"], MultiAZ=True, ApplyImmediately=True
    )
    cloud.until(lambda: [one["MultiAZ"] for one in _all(cloud)], [False, True])


def test_neither_storage_nor_engine_can_be_lowered(cloud: Cloud) -> None:
    for change in ({"AllocatedStorage": 50}, {"EngineVersion": "3.5.1"}):
        with refused("InvalidParameterCombinationException", "lowered"):
            cloud.dms.modify_replication_instance(ReplicationInstanceArn=cloud.instance, **change)


def test_an_instance_with_a_task_cannot_be_deleted_and_a_free_one_takes_its_connections_along(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source)
    with refused("InvalidResourceStateFault", "shop"):
        cloud.dms.delete_replication_instance(ReplicationInstanceArn=cloud.instance)
    cloud.dms.delete_replication_task(ReplicationTaskArn=task)
    cloud.until(lambda: refusal_of(lambda: cloud.task(task)), "ResourceNotFoundFault")
    shown = cloud.dms.delete_replication_instance(ReplicationInstanceArn=cloud.instance)
    assert shown["ReplicationInstance"][STATUS] == "deleting"
    cloud.until(lambda: cloud.dms.describe_replication_instances()["ReplicationInstances"], [])
    assert refusal_of(cloud.dms.describe_connections) == "ResourceNotFoundFault"
    assert refusal_of(lambda: cloud.dms.list_tags_for_resource(ResourceArn=cloud.instance)) == "ResourceNotFoundFault"


def test_a_reboot_in_the_middle_of_a_load_fails_the_task_and_its_unfinished_tables(
    cloud: Cloud, reader: FakeReader
) -> None:
    task = cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 1})
    reboot = cloud.dms.reboot_replication_instance
    reader.when_writing = lambda table: table == "lines" and reboot(ReplicationInstanceArn=cloud.instance)
    ended = cloud.run(task)
    assert ended["Status"] == "failed"
    assert "rebooted" in ended["LastFailureMessage"]
    assert cloud.tables(task)["orders"][0] == "Table error"
    cloud.until_available()
    reader.when_writing = lambda _: None
    cloud.start(task, "resume-processing")
    cloud.until(lambda: cloud.task(task)["Status"], "stopped")
    assert cloud.tables(task)["orders"] == ("Table completed", 10)


def test_a_full_disk_stops_the_tasks_and_the_instance_takes_no_new_ones_until_it_grows(
    cloud: Cloud, reader: FakeReader
) -> None:
    task = cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 1})
    reader.when_writing = lambda table: table == "lines" and cloud.service.hold_storage("one", "swap", 100 * _GIB)
    ended = cloud.run(task)
    assert (ended["Status"], ended["StopReason"]) == ("stopped", "Stop Reason STOPPED_DUE_TO_LOW_DISK")
    assert _instance(cloud)[STATUS] == "storage-full"
    with refused("InvalidResourceStateFault", "storage-full"):
        cloud.start(task, "resume-processing")
    events = cloud.dms.describe_events(SourceType="replication-instance", EventCategories=["low storage"])["Events"]
    assert [one["SourceIdentifier"] for one in events] == ["one"]
    cloud.dms.modify_replication_instance(
        ReplicationInstanceArn=cloud.instance, AllocatedStorage=200, ApplyImmediately=True
    )
    cloud.until_available()
    reader.when_writing = lambda _: None
    cloud.start(task, "resume-processing")
    cloud.until(lambda: cloud.task(task).get("StopReason"), "Stop Reason FULL_LOAD_ONLY_FINISHED")


def test_lobs_beyond_the_memory_of_the_instance_fail_the_task(clouds: Clouds) -> None:
    reader = LobReader({"pictures": 1})
    with clouds.open(reader) as cloud:
        # 1,000 rows of 17 MB at once in each of the table's LOB columns, on 16 GiB.
        ended = cloud.run(cloud.create_task(TargetMetadata={"LobMaxSize": 17 * 1024}))
        assert ended["Status"] == "failed"
        assert (
            "Replication task out of memory. Stop Reason FATAL_ERROR Error Level FATAL" in ended["LastFailureMessage"]
        )
        task = cloud.create_task(name="small", TargetMetadata={"LobMaxSize": 15 * 1024})
        assert cloud.run(task)["Status"] == "stopped"


class LobReader(FakeReader):
    """A source whose tables have one column, a LOB."""

    def open(self, login: Any) -> Any:
        source = super().open(login)
        tables = [SourceTable("public", name, (SourceColumn("body", "text"),)) for name in self.rows]
        source.catalogue = lambda: tables  # type: ignore[method-assign]
        return source


def test_orderable_instances_are_those_that_can_be_created(cloud: Cloud) -> None:
    pages = cloud.dms.get_paginator("describe_orderable_replication_instances").paginate()
    offers = [one for page in pages for one in page["OrderableReplicationInstances"]]
    assert {one["ReplicationInstanceClass"] for one in offers} == set(MEMORY_GIB)
    offer = offers[0]
    _create(cloud, "offer", **{name: offer[name] for name in ("ReplicationInstanceClass", "EngineVersion")})


def test_an_instance_has_neither_maintenance_to_come_nor_logs_of_tasks(cloud: Cloud) -> None:
    arn = {"ReplicationInstanceArn": cloud.instance}
    assert cloud.dms.describe_pending_maintenance_actions(**arn)["PendingMaintenanceActions"] == []
    assert cloud.dms.describe_replication_instance_task_logs(**arn)["ReplicationInstanceTaskLogs"] == []
    with refused("ResourceNotFoundFault"):
        cloud.dms.describe_replication_instance_task_logs(ReplicationInstanceArn="arn:none")


def test_the_time_in_every_state_can_be_scaled() -> None:
    assert Delays().scaled(0.1) == Delays(**{name: seconds * 0.1 for name, seconds in asdict(Delays()).items()})
    assert Delays().scaled(0.1).creating_instance == 30


# Subnet groups


def _group(cloud: Cloud, operation: str = "create", **more: Any) -> dict[str, Any]:
    given = {
        "ReplicationSubnetGroupIdentifier": "nets",
        "ReplicationSubnetGroupDescription": "d",
        "SubnetIds": subnets(cloud.aws),
        **more,
    }
    return getattr(cloud.dms, f"{operation}_replication_subnet_group")(**given)["ReplicationSubnetGroup"]


def test_a_subnet_group_knows_the_network_of_its_subnets(cloud: Cloud) -> None:
    group = _group(cloud)
    assert group["VpcId"].startswith("vpc-")
    assert {one["SubnetIdentifier"] for one in group["Subnets"]} == set(subnets(cloud.aws))
    assert _create(cloud, "in", ReplicationSubnetGroupIdentifier="NETS")["ReplicationSubnetGroup"] == group


@pytest.mark.parametrize(
    ("code", "count"), [("ReplicationSubnetGroupDoesNotCoverEnoughAZs", 1), ("InvalidSubnet", None)]
)
def test_a_subnet_group_must_cover_two_zones_with_subnets_that_exist(
    cloud: Cloud, code: str, count: int | None
) -> None:
    wanted = subnets(cloud.aws)[:count] if count else ["subnet-0123456789abcdef0"]
    with refused(code):
        _group(cloud, SubnetIds=wanted)


def test_a_subnet_group_is_changed_and_deleted_once_no_instance_uses_it(cloud: Cloud) -> None:
    _group(cloud)
    changed = _group(cloud, "modify", SubnetIds=subnets(cloud.aws)[:2], ReplicationSubnetGroupDescription="e")
    assert (len(changed["Subnets"]), changed["ReplicationSubnetGroupDescription"]) == (2, "e")
    made = _create(cloud, "in", ReplicationSubnetGroupIdentifier="nets")
    delete: Callable[..., Any] = cloud.dms.delete_replication_subnet_group
    with refused("InvalidResourceStateFault", "in"):
        delete(ReplicationSubnetGroupIdentifier="nets")
    arn = made["ReplicationInstanceArn"]
    cloud.until(lambda: {one[STATUS] for one in _all(cloud)}, {"available"})
    cloud.dms.delete_replication_instance(ReplicationInstanceArn=arn)
    cloud.until(lambda: len(_all(cloud)), 1)
    delete(ReplicationSubnetGroupIdentifier="nets")
    assert refusal_of(lambda: delete(ReplicationSubnetGroupIdentifier="nets")) == "ResourceNotFoundFault"


def _all(cloud: Cloud) -> list[dict[str, Any]]:
    return cloud.dms.describe_replication_instances()["ReplicationInstances"]


def test_a_major_step_of_the_engine_needs_leave_of_its_own(cloud: Cloud) -> None:
    cloud.until_available()
    old = _create(cloud, "old", EngineVersion="3.5.4")["ReplicationInstanceArn"]

    def shown(member: str) -> str:
        filters = [{"Name": "replication-instance-arn", "Values": [old]}]
        return cloud.dms.describe_replication_instances(Filters=filters)["ReplicationInstances"][0][member]

    cloud.until(lambda: shown("ReplicationInstanceStatus"), "available")
    step = {"ReplicationInstanceArn": old, "EngineVersion": "3.6.1", "ApplyImmediately": True}
    with refused("InvalidParameterCombinationException", "AllowMajorVersionUpgrade"):
        cloud.dms.modify_replication_instance(**step)
    cloud.dms.modify_replication_instance(**step, AllowMajorVersionUpgrade=True)
    cloud.until(lambda: shown("EngineVersion"), "3.6.1")
