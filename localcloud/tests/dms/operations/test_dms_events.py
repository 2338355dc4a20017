"""DMS's events of instances and tasks: kept for DescribeEvents, sent to EventBridge; and subscriptions to them."""

from __future__ import annotations

from typing import Any, cast

from localcloud.clock import Clock
from localcloud.dms.operations import event_kinds
from localcloud.dms.operations.events import Events
from localcloud.dms.resources import Instance
from localcloud.tests.dms.dms_cloud import Cloud, Clouds, FakeReader, refusal_of, refused
from localcloud.tests.dms.operations.dms_random_client import StepClock

_GIB = 1024**3


def test_a_run_leaves_its_events_and_eventbridge_gets_those_of_the_task(clouds: Clouds, reader: FakeReader) -> None:
    delivered: list[dict[str, Any]] = []
    with clouds.open(reader, on_event=delivered.append) as cloud:
        task = cloud.create_task()
        cloud.run(task)
        found = cloud.dms.describe_events(SourceType="replication-task", SourceIdentifier="shop")["Events"]
        assert [(one["EventCategories"], one["Message"]) for one in found] == [
            (["creation"], "Replication task has been created."),
            (["state change"], "Replication task started, with flag = fresh start"),
            (["state change"], "Replication task has stopped. Stop Reason FULL_LOAD_ONLY_FINISHED"),
        ]
        kinds = [(one["detail"]["eventType"], one["detail"]["eventId"], one["resources"]) for one in delivered]
        assert kinds[-1] == ("REPLICATION_TASK_STOPPED", "DMS-EVENT-0079", [task])
        created = cloud.dms.describe_events(EventCategories=["creation"])["Events"]
        assert {one["SourceIdentifier"] for one in created} == {"one", "shop"}
        filters = [{"Name": "replication-instance-id", "Values": ["one"]}]
        assert len(cloud.dms.describe_events(Filters=filters)["Events"]) == 2


def test_events_of_another_time_are_not_shown(cloud: Cloud) -> None:
    cloud.until_available()
    before = cloud.clock.now().replace(year=2020)
    assert cloud.dms.describe_events(StartTime=before.replace(year=2019), EndTime=before)["Events"] == []
    with refused("InvalidParameterCombinationException", "Duration"):
        cloud.dms.describe_events(Duration=5, EndTime=before)


def test_event_categories_are_those_of_the_source(cloud: Cloud) -> None:
    (group,) = cloud.dms.describe_event_categories(SourceType="replication-task")["EventCategoryGroupList"]
    assert "state change" in group["EventCategories"]
    assert "low storage" not in group["EventCategories"]


def test_a_subscription_passes_its_states_and_refuses_what_is_not_there(cloud: Cloud) -> None:
    topic = cloud.aws.client("sns").create_topic(Name="dms")["TopicArn"]
    given = {"SnsTopicArn": topic, "SourceType": "replication-task", "EventCategories": ["failure"]}

    def create() -> None:
        made = cloud.dms.create_event_subscription(SubscriptionName="all", **given)["EventSubscription"]
        assert (made["Status"], made["Enabled"]) == ("creating", True)

    def status() -> str:
        return cloud.dms.describe_event_subscriptions(SubscriptionName="all")["EventSubscriptionsList"][0]["Status"]

    cloud.at_once(create)
    cloud.until(status, "active")
    cloud.dms.modify_event_subscription(SubscriptionName="all", Enabled=False)
    cloud.until(status, "active")
    assert cloud.dms.list_tags_for_resource(ResourceArn="arn:aws:dms:eu-central-1:123456789012:es:all")["TagList"] == []
    for code, more in (
        ("SNSInvalidTopicFault", {"SnsTopicArn": f"{topic}-none"}),
        ("ResourceNotFoundFault", {"SourceIds": ["none"]}),
        ("InvalidParameterValueException", {"EventCategories": ["low storage"]}),
        ("ResourceAlreadyExistsFault", {"SubscriptionName": "all"}),
    ):
        with refused(code):
            cloud.dms.create_event_subscription(**{"SubscriptionName": "other", **given, **more})
    cloud.dms.delete_event_subscription(SubscriptionName="all")
    cloud.until(lambda: refusal_of(status), "ResourceNotFoundFault")


class Answered:
    """What EventBridge is sent, in short."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def of_instances(self) -> list[tuple[str, str]]:
        """Number and detail type of each, since last asked."""
        found = self.events[:]
        self.events.clear()
        return [
            (one["detail"]["eventId"].removeprefix("DMS-EVENT-"), one["detail-type"].removeprefix("DMS Replication "))
            for one in found
        ]


def test_eventbridge_gets_the_life_of_an_instance_under_the_detail_types_of_aws(
    clouds: Clouds, reader: FakeReader
) -> None:
    delivered = Answered()
    with clouds.open(reader, on_event=delivered.events.append) as cloud:

        def change(**more: Any) -> list[tuple[str, str]]:
            cloud.dms.modify_replication_instance(ReplicationInstanceArn=cloud.instance, ApplyImmediately=True, **more)
            return two()

        def two() -> list[tuple[str, str]]:
            cloud.until(lambda: len(delivered.events), 2)
            cloud.until_available()
            return delivered.of_instances()

        cloud.until(lambda: len(delivered.events), 2)
        first = delivered.events[0]
        assert (first["source"], first["resources"]) == ("aws.dms", [cloud.instance])
        assert (first["detail"]["category"], first["detail"]["eventType"]) == (
            "Creation",
            "REPLICATION_INSTANCE_CREATING",
        )
        assert two() == [("0067", "Instance State Change"), ("0005", "Instance State Change")]
        assert change(AllocatedStorage=200) == [
            ("0018", "Instance Storage State Change"),
            ("0017", "Instance Storage State Change"),
        ]
        assert change(ReplicationInstanceClass="dms.r6i.xlarge") == [
            ("0012", "Instance Class State Change"),
            ("0014", "Instance Class State Change"),
        ]
        cloud.dms.modify_replication_instance(
            ReplicationInstanceArn=cloud.instance, ApplyImmediately=True, MultiAZ=False
        )
        zones = "Instance Multi-AZ State Change"
        assert change(MultiAZ=True) == [("0024", zones), ("0025", zones)]
        cloud.dms.reboot_replication_instance(ReplicationInstanceArn=cloud.instance, ForceFailover=True)
        assert two() == [("0013", "Instance Failover State"), ("0049", "Instance Failover State")]
        assert change(MultiAZ=False) == [("0030", zones), ("0029", zones)]
        cloud.service.hold_storage("one", "swap", 200 * _GIB)
        cloud.until(lambda: len(delivered.events), 1)
        assert delivered.of_instances() == [("0007", "Instance Storage State Change")]
        cloud.dms.delete_replication_instance(ReplicationInstanceArn=cloud.instance)
        cloud.until(lambda: len(delivered.events), 2)
        assert delivered.of_instances() == [("0066", "Instance State Change"), ("0003", "Instance State Change")]


def test_the_events_of_a_new_engine_are_of_the_kind_maintenance(clouds: Clouds, reader: FakeReader) -> None:
    delivered = Answered()
    with clouds.open(reader, on_event=delivered.events.append) as cloud:
        cloud.until_available()
        made = cloud.dms.create_replication_instance(
            ReplicationInstanceIdentifier="old", ReplicationInstanceClass="dms.t3.medium", EngineVersion="3.5.3"
        )["ReplicationInstance"]
        cloud.until(lambda: len(delivered.events), 4)
        delivered.of_instances()
        cloud.dms.modify_replication_instance(
            ReplicationInstanceArn=made["ReplicationInstanceArn"], EngineVersion="3.5.4", ApplyImmediately=True
        )
        cloud.until(lambda: len(delivered.events), 3)
        assert sorted(delivered.of_instances()) == [
            (number, "Instance Patch State") for number in ("0026", "0027", "0047")
        ]
        found = cloud.dms.describe_events(SourceType="replication-instance", EventCategories=["maintenance"])["Events"]
        assert [one["SourceIdentifier"] for one in found] == ["old"] * 3


def test_no_two_events_have_one_id_however_many_there_were() -> None:
    clock, delivered = StepClock(), list[dict[str, Any]]()
    events = Events(cast(Clock, clock), delivered.append)
    instance = Instance("arn", "one", {}, clock.now())
    count = 20_010  # more than are kept
    for _ in range(count):
        events.tell(instance, event_kinds.DELETED)
    clock.advance(0)
    assert len({one["id"] for one in delivered}) == count
