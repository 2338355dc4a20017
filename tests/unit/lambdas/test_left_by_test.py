"""What DMS's test of the S3 endpoint may leave in a new folder: it stops no start, and the outcome names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cases import Case

KEY = "awsdms_test_object"


@contextmanager
def leaving_objects(case: Case) -> Iterator[None]:
    """A DMS whose connection test leaves an object in the folder of its S3 endpoint."""
    case.cloud.dms.leave_test_objects(is_on=True)
    try:
        yield
    finally:
        case.cloud.dms.leave_test_objects(is_on=False)


def test_an_object_that_the_connection_test_left_stops_no_start_and_is_named_as_a_gap(case: Case) -> None:
    case.go_before("AwaitConnection")
    case.put(f"{case.folder}/{KEY}")
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    (gap,) = [gap for gap in case.outcome["gaps"] if KEY in gap]
    assert f"the first '{case.folder}/{KEY}' (1 bytes)" in gap
    assert [one["key"] for one in case.manifest()["left_by_test"]] == [f"{case.folder}/{KEY}"]


def test_what_a_test_left_is_no_late_object_of_the_next_night(case: Case) -> None:
    case.go_before("AwaitConnection")
    case.put(f"{case.folder}/{KEY}")
    case.go_through("ReleaseDatabase")
    case.next_night(f"second-{case.id}")
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    assert [gap for gap in case.outcome["gaps"] if KEY in gap] == []


def test_the_same_object_before_the_endpoint_points_there_is_refused(case: Case) -> None:
    case.go_before("PointEndpoint")
    case.put(f"{case.folder}/{KEY}")
    assert case.settle("PointEndpoint")["verdict"] == "refused"
    assert case.failure is not None
    assert case.failure["name"] == "FolderNotEmpty"


def test_an_object_that_comes_after_the_start_is_a_stray(case: Case) -> None:
    case.go_before("SealFolder")
    case.put(f"{case.folder}/{KEY}")
    case.go_through_from("SealFolder")
    assert (case.outcome["outcome"], case.outcome["failure_name"]) == ("failed", "StrayObjects")


def test_an_object_that_grew_since_the_start_is_a_stray(case: Case) -> None:
    case.go_before("AwaitConnection")
    case.put(f"{case.folder}/{KEY}")
    case.go_before("SealFolder")
    case.put(f"{case.folder}/{KEY}", b"x" * 1025)
    case.go_through_from("SealFolder")
    assert (case.outcome["outcome"], case.outcome["failure_name"]) == ("failed", "StrayObjects")


def test_a_night_is_good_where_each_connection_test_leaves_an_object(case: Case) -> None:
    with leaving_objects(case):
        case.go_through("ReleaseDatabase")
        case.next_night(f"second-{case.id}")
        case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    assert [gap for gap in case.outcome["gaps"] if KEY in gap] != []


def test_a_redriven_attempt_may_point_again_at_a_folder_that_was_tested(case: Case) -> None:
    case.go_before("StartTask")
    case.put(f"{case.folder}/{KEY}")
    assert case.settle("PointEndpoint")["verdict"] == "pointed"
