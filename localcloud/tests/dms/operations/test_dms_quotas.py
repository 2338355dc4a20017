"""The quotas of an account: each is used up, and one more is refused by AWS's fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud import quotas
from localcloud.quotas import DMS_TASKS_PER_INSTANCE, Quota
from localcloud.tests.certificates import make_certificate
from localcloud.tests.dms.dms_cloud import ROLES, STATUS, Cloud, refused, rules, subnets

Requests = Iterator[tuple[str, dict[str, Any]]]


def _instances(cloud: Cloud) -> Requests:
    for number in count(len(cloud.dms.describe_replication_instances()["ReplicationInstances"])):
        name = f"i{number}"
        yield (
            "CreateReplicationInstance",
            {
                "ReplicationInstanceIdentifier": name,
                "ReplicationInstanceClass": "dms.r6i.large",
                "ResourceIdentifier": name,
            },
        )


def _endpoints(cloud: Cloud) -> Requests:
    for number in count(len(cloud.dms.describe_endpoints()["Endpoints"])):
        yield (
            "CreateEndpoint",
            {
                "EndpointIdentifier": f"t{number}",
                "EndpointType": "target",
                "EngineName": "s3",
                "S3Settings": {"ServiceAccessRoleArn": ROLES["objects"], "BucketName": "landing"},
            },
        )


def _connections(cloud: Cloud) -> Requests:
    for _, endpoint in _endpoints(cloud):
        made = cloud.service.answer("CreateEndpoint", endpoint)["Endpoint"]["EndpointArn"]
        yield "TestConnection", {"ReplicationInstanceArn": cloud.instance, "EndpointArn": made}


def _tasks_on(cloud: Cloud, instance: str, prefix: str = "t") -> Requests:
    for number in count():
        yield (
            "CreateReplicationTask",
            {
                "ReplicationTaskIdentifier": f"{prefix}{number}",
                "SourceEndpointArn": cloud.source,
                "TargetEndpointArn": cloud.target,
                "ReplicationInstanceArn": instance,
                "MigrationType": "full-load",
                "TableMappings": rules(),
            },
        )


def _tasks(cloud: Cloud) -> Requests:
    """Tasks on ever more instances, so that none is full before the account is."""
    for number, (operation, instance) in enumerate(_instances(cloud)):
        arn = cloud.service.answer(operation, instance)["ReplicationInstance"]["ReplicationInstanceArn"]
        _until_all_available(cloud)
        yield from islice(_tasks_on(cloud, arn, f"t{number}-"), DMS_TASKS_PER_INSTANCE.value)


def _subnet_groups(cloud: Cloud) -> Requests:
    for number in count():
        yield (
            "CreateReplicationSubnetGroup",
            {
                "ReplicationSubnetGroupIdentifier": f"nets{number}",
                "ReplicationSubnetGroupDescription": "d",
                "SubnetIds": subnets(cloud.aws),
            },
        )


def _subscriptions(cloud: Cloud) -> Requests:
    topic = cloud.aws.client("sns").create_topic(Name="events")["TopicArn"]
    for number in count():
        yield "CreateEventSubscription", {"SubscriptionName": f"s{number}", "SnsTopicArn": topic}


def _certificates(_: Cloud) -> Requests:
    pem = make_certificate()
    for number in count():
        yield "ImportCertificate", {"CertificateIdentifier": f"c{number}", "CertificatePem": pem}


def _until_all_available(cloud: Cloud) -> None:
    shown = cloud.dms.describe_replication_instances
    cloud.until(lambda: {one[STATUS] for one in shown()["ReplicationInstances"]}, {"available"})


# How each quota is used up, one by one.
_USES: dict[str, Callable[[Cloud], Requests]] = {
    "DMS_INSTANCES": _instances,
    "DMS_ENDPOINTS": _endpoints,
    "DMS_ENDPOINTS_PER_INSTANCE": _connections,
    "DMS_TASKS": _tasks,
    "DMS_TASKS_PER_INSTANCE": lambda cloud: _tasks_on(cloud, cloud.instance),
    "DMS_SUBNET_GROUPS": _subnet_groups,
    "DMS_EVENT_SUBSCRIPTIONS": _subscriptions,
    "DMS_CERTIFICATES": _certificates,
}
# What a new account holds already: the instance and the two endpoints of every test.
_USED = {"DMS_INSTANCES": 1, "DMS_ENDPOINTS": 2}
# Not used up one by one: the tests below, and those of the throttled requests.
_OTHERWISE = {"DMS_STORAGE_GIGABYTES", "DMS_SUBNETS_PER_GROUP", "DMS_API_BURST", "DMS_API_PER_SECOND"}


@pytest.mark.parametrize("name", _USES)
def test_one_thing_more_than_a_quota_of_the_account_is_refused(cloud: Cloud, name: str) -> None:
    quota: Quota = getattr(quotas, name)
    cloud.until_available()
    requests = _USES[name](cloud)
    for operation, parameters in islice(requests, quota.value - _USED.get(name, 0)):
        cloud.service.answer(operation, parameters)  # hundreds of them: without a client
    operation, parameters = next(requests)
    with pytest.raises(ClientError, match=f"at most {quota.value} {quota.what}") as caught:
        getattr(cloud.dms, xform_name(operation))(**parameters)
    assert caught.value.response["Error"]["Code"] == "ResourceQuotaExceededFault"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_no_quota_of_awss_page_goes_without_a_test() -> None:
    page = quotas.DMS_ENDPOINTS.source
    named = {name for name, one in vars(quotas).items() if isinstance(one, Quota) and one.source == page}
    assert named == set(_USES) | _OTHERWISE


def test_a_quota_has_room_again_for_what_was_deleted(cloud: Cloud) -> None:
    requests = _certificates(cloud)
    made = [
        cloud.service.answer(operation, parameters)["Certificate"]["CertificateArn"]
        for operation, parameters in islice(requests, quotas.DMS_CERTIFICATES.value)
    ]
    cloud.dms.delete_certificate(CertificateArn=made[0])
    _, parameters = next(requests)
    cloud.dms.import_certificate(**parameters)


def test_a_task_cannot_move_to_an_instance_that_is_full(cloud: Cloud) -> None:
    task = cloud.create_task()
    operation, instance = next(_instances(cloud))
    full = cloud.service.answer(operation, instance)["ReplicationInstance"]["ReplicationInstanceArn"]
    _until_all_available(cloud)
    for operation, parameters in islice(_tasks_on(cloud, full), DMS_TASKS_PER_INSTANCE.value):
        cloud.service.answer(operation, parameters)
    with refused("ResourceQuotaExceededFault", "200 tasks per replication instance"):
        cloud.dms.move_replication_task(ReplicationTaskArn=task, TargetReplicationInstanceArn=full)


def test_storage_beyond_the_account_is_refused_to_new_instances_and_to_old_ones(cloud: Cloud) -> None:
    cloud.until_available()
    for operation, parameters in islice(_instances(cloud), 4):
        cloud.service.answer(operation, {**parameters, "AllocatedStorage": 6_144})
    operation, parameters = next(_instances(cloud))
    with refused("StorageQuotaExceededFault", "30000 GB"):
        cloud.dms.create_replication_instance(**parameters, AllocatedStorage=6_144)
    with refused("StorageQuotaExceededFault", "30000 GB"):
        cloud.dms.modify_replication_instance(ReplicationInstanceArn=cloud.instance, AllocatedStorage=6_144)
    for used, member in ((4 * 6_144 + 100, "AllocatedStorage"), (5, "ReplicationInstances")):
        shown = cloud.dms.describe_account_attributes()["AccountQuotas"]
        assert [one["Used"] for one in shown if one["AccountQuotaName"] == member] == [used]


def test_a_subnet_group_takes_sixty_subnets_and_no_more(cloud: Cloud) -> None:
    _, parameters = next(_subnet_groups(cloud))
    cloud.dms.create_replication_subnet_group(**parameters)
    for operation in (cloud.dms.create_replication_subnet_group, cloud.dms.modify_replication_subnet_group):
        some = {**parameters, "SubnetIds": [f"subnet-{number:017x}" for number in range(60)]}
        more = {**parameters, "SubnetIds": [*some["SubnetIds"], "subnet-a"]}
        name = "other" if operation == cloud.dms.create_replication_subnet_group else "nets0"
        with refused("InvalidSubnet"):  # none of them exists: that is the first thing wrong with them
            operation(**{**some, "ReplicationSubnetGroupIdentifier": name})
        with refused("ResourceQuotaExceededFault", "60 subnets"):
            operation(**{**more, "ReplicationSubnetGroupIdentifier": name})
