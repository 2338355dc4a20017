"""What the stand-in does with RedriveExecution, for `behaviours.py`."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_API = "https://docs.aws.amazon.com/step-functions/latest/apireference/API_"
_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_RECORDED = "github.com/radkawar/stackd, testdata/aws/stepfunctions (recorded in AWS 2026-09-24)"
_UNIT = "tests/unit/local/stepfunctions_redrive/test_stepfunctions_"
_PARALLELS = "tests/unit/local/stepfunctions/test_stepfunctions_parallels.py::"
_REDRIVE = f"{_GUIDE}redrive-executions.html"
REDRIVE = (
    Behaviour(
        "FAILED, TIMED_OUT and ABORTED executions are redriven, with the definition and the input they began with",
        "documented",
        _REDRIVE,
        f"{_UNIT}redrive_states.py::test_a_redrive_keeps_the_definition_with_which_the_execution_began",
    ),
    Behaviour(
        "Within 14 days of the end, with room for two events in the history, and not if the machine is being deleted",
        "documented",
        _REDRIVE,
        f"{_UNIT}redrive.py::test_an_execution_is_redriven_within_fourteen_days_of_its_end",
    ),
    Behaviour(
        "An execution is open for a year at most, counted from its first start",
        "assumed",
        _REDRIVE,
        f"{_UNIT}redrive.py::test_an_execution_that_began_a_year_ago_is_not_redriven",
        reason="It needs an execution that is a year old.",
    ),
    Behaviour(
        "A client token is answered with its first date for 15 minutes, and the last 10 of an execution are kept",
        "documented",
        f"{_API}RedriveExecution.html",
        f"{_UNIT}redrive.py::test_a_token_holds_for_fifteen_minutes_and_ten_are_kept",
    ),
    Behaviour(
        "A known client token is answered before the status is looked at",
        "observed",
        _RECORDED,
        f"{_UNIT}redrive.py::test_a_client_token_redrives_once_whatever_became_of_the_execution",
    ),
    Behaviour(
        "ExecutionRedriven follows the terminal event in the same history",
        "observed",
        _RECORDED,
        f"{_UNIT}redrive_states.py::test_a_redrive_goes_on_in_the_failed_task_without_entering_it_again",
    ),
    Behaviour(
        "The failed state is not entered a second time: its events go on after ExecutionRedriven",
        "observed",
        _RECORDED,
        f"{_UNIT}redrive_states.py::test_a_redrive_goes_on_in_the_failed_task_without_entering_it_again",
    ),
    Behaviour(
        "The context object has RedriveCount and, once redriven, RedriveTime",
        "observed",
        f"{_GUIDE}input-output-contextobject.html (RedriveCount); {_RECORDED} (RedriveTime)",
        f"{_UNIT}redrive_states.py::test_the_context_object_tells_of_the_redrive_and_keeps_the_times_of_start_and_entry",
    ),
    Behaviour(
        "Retries and the time-outs of a task and of the execution begin anew",
        "documented",
        _REDRIVE,
        f"{_UNIT}redrive_states.py::test_retries_begin_anew_with_a_redrive",
    ),
    Behaviour(
        "The Seconds of a Wait begin anew; a Timestamp stays what it was",
        "observed",
        _RECORDED,
        f"{_UNIT}redrive_states.py::test_a_wait_of_seconds_begins_anew_without_entering_it_again",
    ),
    Behaviour(
        "A Choice is evaluated again, and a Fail fails again",
        "documented",
        _REDRIVE,
        f"{_PARALLELS}test_a_redriven_fail_state_fails_again",
    ),
    Behaviour(
        "Of an inline Map only the iterations that did not succeed go on, each in the state it stood in",
        "documented",
        _REDRIVE,
        f"{_UNIT}redrive_maps.py::test_only_the_iteration_that_failed_and_those_that_had_not_begun_go_on",
    ),
    Behaviour(
        "Of a Parallel only the branches that did not succeed go on",
        "documented",
        _REDRIVE,
        f"{_PARALLELS}test_a_redrive_runs_only_the_branches_that_have_no_output",
    ),
    Behaviour(
        "A Map that failed for too much data is run again as a whole",
        "documented",
        _REDRIVE,
        f"{_UNIT}redrive_maps.py::test_a_map_that_failed_for_too_much_data_is_run_again_as_a_whole",
    ),
    Behaviour(
        "A redriven startExecution.sync:2 starts a new child, and fails if its name is taken",
        "assumed",
        "",
        f"{_UNIT}redrive_children.py::test_a_redriven_parent_starts_a_new_child",
        "aws stepfunctions redrive-execution of a parent whose child failed, then list-executions of the child",
    ),
)
