"""Every list of DMS: its pages, its markers, its filters. Which operations list, and by what, botocore's model says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.dms.requests.model import service
from localcloud.in_process_transport import AwsError
from localcloud.tests.dms.dms_cloud import Cloud, Clouds, FakeReader
from localcloud.tests.dms.operations.dms_full_account import COUNT, full_account
from localcloud.tests.dms.operations.dms_operations import ANSWERED
from localcloud.tests.whole_list import whole_list

_SHORT = {"DescribeEndpointTypes", "DescribeApplicableIndividualAssessments"}  # no account makes these any longer
_EMPTY = {
    "DescribePendingMaintenanceActions",
    "DescribeReplicationInstanceTaskLogs",
    "DescribeReplicationTaskAssessmentResults",
}
# Where an entry does not hold its value for a filter under the filter's own name.
_OTHER_NAMES = {
    "certificate-id": "CertificateIdentifier",
    "endpoint-id": "EndpointIdentifier",
    "event-subscription-id": "CustSubscriptionId",
    "replication-instance-id": "ReplicationInstanceIdentifier",
    "replication-subnet-group-id": "ReplicationSubnetGroupIdentifier",
    "replication-task-id": "ReplicationTaskIdentifier",
    "table-state": "TableState",
}


def _input(operation: str) -> Any:
    return service().operation_model(operation).input_shape


def _members(operation: str) -> set[str]:
    shape = _input(operation)
    return set(shape.members) if shape else set()


def _filters(operation: str) -> list[str]:
    """The filters that the model's documentation names."""
    text = re.sub(r"<[^>]+>", " ", _input(operation).members["Filters"].documentation)
    _, _, named = text.partition("alid")
    return re.findall(r"\b(?:[a-z]+(?:-[a-z]+)+|status)\b", named)


PAGED = [name for name in ANSWERED if "MaxRecords" in _members(name)]
FILTERED = [(name, one) for name in ANSWERED if "Filters" in _members(name) for one in _filters(name)]


@pytest.fixture(scope="module")
def account(clouds: Clouds) -> Iterator[Cloud]:
    with full_account(clouds) as cloud:
        yield cloud


def _asked(account: Cloud, operation: str) -> dict[str, Any]:
    """What *operation* must be given."""
    named = {"Filters": [{"Name": "replication-task-id", "Values": ["loaded"]}]}
    (loaded,) = account.service.answer("DescribeReplicationTasks", named)["ReplicationTasks"]
    known = {
        "ReplicationTaskArn": loaded["ReplicationTaskArn"],
        "ReplicationInstanceArn": account.instance,
        "EndpointArn": account.source,
    }
    return {name: known[name] for name in _input(operation).required_members}


def _page(account: Cloud, operation: str, **given: Any) -> tuple[list[Any], str]:
    """The entries of one page, and its marker."""
    answer = account.service.answer(operation, {**_asked(account, operation), **given})
    (entries,) = (value for value in answer.values() if isinstance(value, list))
    return entries, answer.get("Marker", "")


def _whole(account: Cloud, operation: str, size: int = 100, **given: Any) -> list[Any]:
    """The entries of all pages of a list. No page but the last holds fewer than were asked for."""

    def page(marker: str) -> tuple[list[Any], str]:
        return _page(account, operation, MaxRecords=size, **({"Marker": marker} if marker else {}), **given)

    return whole_list(page, size)


def _refusal(account: Cloud, operation: str, **given: Any) -> str:
    with pytest.raises(AwsError) as caught:
        _page(account, operation, **given)
    assert caught.value.code == "InvalidParameterValueException"
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize("operation", PAGED)
def test_the_pages_of_a_list_hold_each_entry_once_and_in_one_order(account: Cloud, operation: str) -> None:
    whole = _whole(account, operation)
    assert _whole(account, operation, size=20) == whole
    if operation != "DescribeEvents":  # the same may happen twice in one moment
        assert [one for at, one in enumerate(whole) if one in whole[:at]] == []
    if operation in _EMPTY:
        assert whole == []
    elif operation in _SHORT:
        assert 0 < len(whole) <= 20
    else:
        assert len(whole) >= COUNT  # so that there was a second page


@pytest.mark.parametrize("operation", PAGED)
def test_a_page_has_the_size_that_aws_gives_and_no_other_can_be_asked_for(account: Cloud, operation: str) -> None:
    most = 500 if operation == "DescribeTableStatistics" else 100
    for size in (-1, 0, 19, most + 1):
        assert f"from 20 to {most}" in _refusal(account, operation, MaxRecords=size)
    _page(account, operation, MaxRecords=most)
    by_default = 10 if operation == "DescribeCertificates" else 100
    assert _page(account, operation)[0] == _whole(account, operation)[:by_default]


@pytest.mark.parametrize("operation", PAGED)
def test_a_marker_that_was_not_given_for_the_request_is_refused(account: Cloud, operation: str) -> None:
    other = "DescribeEvents" if operation != "DescribeEvents" else "DescribeOrderableReplicationInstances"
    _, marker = _page(account, other, MaxRecords=20)
    assert "another request" in _refusal(account, operation, Marker=marker)
    for made_up in ("x", "20", "WzEsIDJd", "é", marker[:-4]):
        assert made_up in _refusal(account, operation, Marker=made_up)


def test_a_marker_is_good_for_no_other_filter(account: Cloud) -> None:
    of_all = [{"Name": "endpoint-type", "Values": ["target"]}]
    _, marker = _page(account, "DescribeEndpoints", MaxRecords=20, Filters=of_all)
    assert len(_page(account, "DescribeEndpoints", MaxRecords=100, Filters=of_all, Marker=marker)[0]) == COUNT + 1 - 20
    assert "another request" in _refusal(account, "DescribeEndpoints", Marker=marker)


@pytest.mark.parametrize(("operation", "name"), FILTERED)
def test_a_filter_lets_through_what_has_one_of_its_values(account: Cloud, operation: str, name: str) -> None:
    value_of = _reader(account, operation, name)
    whole = _whole(account, operation)
    values = list(dict.fromkeys(one for entry in whole for one in value_of(entry)))
    for wanted in (values[:1], values[-1:], [values[0], values[-1], "none"]):
        left = _whole(account, operation, Filters=[{"Name": name, "Values": wanted}])
        assert left == [entry for entry in whole if set(wanted) & set(value_of(entry))]
        assert left


@pytest.mark.parametrize("operation", [name for name in ANSWERED if "Filters" in _members(name)])
def test_a_filter_of_another_name_is_refused(account: Cloud, operation: str) -> None:
    message = _refusal(account, operation, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert "colour" in message
    for name in _filters(operation):
        assert name in message


def _reader(account: Cloud, operation: str, name: str) -> Any:
    """How to read from an entry the values that the filter *name* looks at."""
    if (operation, name) == ("DescribeEvents", "replication-instance-id"):
        return lambda one: [one["SourceIdentifier"]] if one["SourceType"] == "replication-instance" else []
    if (operation, name) == ("DescribeReplicationTasks", "endpoint-arn"):
        return lambda one: [one["SourceEndpointArn"], one["TargetEndpointArn"]]
    if (operation, name) == ("DescribeEventSubscriptions", "event-subscription-arn"):
        return lambda one: [f"arn:aws:dms:eu-central-1:123456789012:es:{one['CustSubscriptionId']}"]
    if operation == "DescribeReplicationTaskAssessmentRuns" and name == "replication-instance-arn":
        tasks = _whole(account, "DescribeReplicationTasks")
        instances = {one["ReplicationTaskArn"]: one["ReplicationInstanceArn"] for one in tasks}
        return lambda one: [instances[one["ReplicationTaskArn"]]]
    if operation == "DescribeReplicationTaskIndividualAssessments" and name == "replication-task-arn":
        runs = _whole(account, "DescribeReplicationTaskAssessmentRuns")
        tasks = {one["ReplicationTaskAssessmentRunArn"]: one["ReplicationTaskArn"] for one in runs}
        return lambda one: [tasks[one["ReplicationTaskAssessmentRunArn"]]]
    member = _OTHER_NAMES.get(name, "".join(word.capitalize() for word in name.split("-")))
    # A side is filtered by as it is given, and shown in capitals.
    return lambda one: [one[member].lower() if name == "endpoint-type" else one[member]]


def test_what_goes_and_comes_between_two_pages_moves_no_other_entry(clouds: Clouds, reader: FakeReader) -> None:
    with clouds.open(reader) as cloud:
        made = [cloud.create_target(f"t{number}") for number in range(COUNT)]
        first, marker = _page_of_endpoints(cloud)
        for gone in (cloud.target, made[0], made[17]):  # the last of these ends the first page
            cloud.dms.delete_endpoint(EndpointArn=gone)
        cloud.until(lambda: len(cloud.dms.describe_endpoints()["Endpoints"]), COUNT + 2 - 3)
        last = cloud.create_target("last")
        second, marker = _page_of_endpoints(cloud, Marker=marker)
        assert (first + second, marker) == ([cloud.source, cloud.target, *made, last], "")


def _page_of_endpoints(cloud: Cloud, **given: Any) -> tuple[list[str], str]:
    shown = cloud.dms.describe_endpoints(MaxRecords=20, **given)
    return [one["EndpointArn"] for one in shown["Endpoints"]], shown.get("Marker", "")


def test_only_operations_are_declared_as_operations_and_all_of_them(account: Cloud) -> None:
    refused = {"ReloadTables", "StartReplicationTaskAssessment"}  # after AWS's own refusals
    assert set(ANSWERED) == account.service.operations - refused
