"""Objects that come to a sealed folder whose rows may still be in the warehouse are found, whatever came between."""

from __future__ import annotations

from cases import Case


def finish_night(case: Case, run: str) -> str:
    """Another night from its claim to its end; the outcome's word."""
    case.next_night(run)
    case.go_through("ReleaseDatabase")
    return case.outcome["outcome"]


def add_late(case: Case, folder: str) -> str:
    case.put(f"{folder}/public/orders/LOAD00000009.parquet")
    return f"{folder}/public/orders/LOAD00000009.parquet"


def test_a_late_object_is_found_behind_a_night_of_which_nothing_was_taken(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    good = case.folder
    case.next_night(f"bad-{case.id}")
    case.go_before("SealFolder")
    case.put(f"{case.folder}/stray")
    case.finish(after="StopTask")
    late = add_late(case, good)
    case.next_night(f"third-{case.id}")
    case.go_before("SealFolder")
    outcome = case.finish(after="StopTask")
    assert (outcome["failure_name"], late in outcome["failure_text"]) == ("LateObject", True)
    assert finish_night(case, f"fourth-{case.id}") == "ok"


def test_a_late_object_is_found_behind_a_night_of_some_tables(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    good = case.folder
    case.attempt = {}
    case.plan(f"some-{case.id}")
    case.claim(tables=["public.customers"])
    case.go_through("ReleaseDatabase")
    late = add_late(case, good)
    case.next_night(f"third-{case.id}")
    case.go_before("SealFolder")
    outcome = case.finish(after="StopTask")
    assert (outcome["failure_name"], late in outcome["failure_text"]) == ("LateObject", True)


def test_a_late_object_in_a_folder_whose_rows_a_newer_load_has_replaced_stops_nothing(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    replaced = case.folder
    assert finish_night(case, f"second-{case.id}") == "ok"
    add_late(case, replaced)
    assert finish_night(case, f"third-{case.id}") == "ok"
