"""The history's events: their names, order, links and details.

The expected sequences are written down from AWS's documentation of HistoryEvent and from histories recorded in AWS that
others published; none was recorded by us. Two facts of these: the first state's previous event is 0, not the
ExecutionStarted; a States.Timeout comes without a cause.
"""

from __future__ import annotations

from localcloud.tests.stepfunctions.stepfunctions_lab import Lab, call, fail_times, function_arn, machine_arn, start

POLL = {
    "Poll": call(
        "poll", ResultPath="$.done", TimeoutSeconds=60, Retry=[{"ErrorEquals": ["TransientError"]}], Next="IsDone"
    ),
    "IsDone": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.done", "StringEquals": "done", "Next": "Note"}],
        "Default": "Pause",
    },
    "Pause": {"Type": "Wait", "Seconds": 30, "Next": "Poll"},
    "Note": {"Type": "Pass", "Next": "End"},
    "End": {"Type": "Succeed"},
}


def test_a_task_retried_then_a_choice_a_wait_and_another_round():
    with Lab() as lab:
        answers = iter(["fail", "not yet", "done"])

        def poll(event):
            answer = next(answers)
            return fail_times(1)(event) if answer == "fail" else answer

        lab.functions["poll"] = poll
        assert lab.run(POLL, {"a": 1})["status"] == "SUCCEEDED"
        assert lab.event_types() == [
            "ExecutionStarted",
            "TaskStateEntered",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionFailed",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionSucceeded",
            "TaskStateExited",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "WaitStateEntered",
            "WaitStateExited",
            "TaskStateEntered",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionSucceeded",
            "TaskStateExited",
            "ChoiceStateEntered",
            "ChoiceStateExited",
            "PassStateEntered",
            "PassStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded",
        ]
        events = lab.history()
        assert [event["id"] for event in events] == list(range(1, 26))
        assert [event["previousEventId"] for event in events] == [0, 0, *range(2, 25)]


def test_events_have_the_details_that_aws_gives_them():
    with Lab() as lab:
        lab.functions["poll"] = lambda _: "done"
        lab.run({"Poll": call("poll", ResultPath="$.done", TimeoutSeconds=60)}, {"a": 1})
        complete = {"truncated": False}
        for event in (events := lab.history()):
            del event["timestamp"], event["id"], event["previousEventId"]
        assert events == [
            {
                "type": "ExecutionStarted",
                "executionStartedEventDetails": {
                    "input": '{"a": 1}',
                    "inputDetails": complete,
                    "roleArn": "arn:aws:iam::1:role/r",
                },
            },
            {
                "type": "TaskStateEntered",
                "stateEnteredEventDetails": {"name": "Poll", "input": '{"a": 1}', "inputDetails": complete},
            },
            {
                "type": "LambdaFunctionScheduled",
                "lambdaFunctionScheduledEventDetails": {
                    "resource": function_arn("poll"),
                    "input": '{"a": 1}',
                    "inputDetails": complete,
                    "timeoutInSeconds": 60,
                },
            },
            {"type": "LambdaFunctionStarted"},
            {
                "type": "LambdaFunctionSucceeded",
                "lambdaFunctionSucceededEventDetails": {"output": '"done"', "outputDetails": complete},
            },
            {
                "type": "TaskStateExited",
                "stateExitedEventDetails": {
                    "name": "Poll",
                    "output": '{"a":1,"done":"done"}',
                    "outputDetails": complete,
                },
            },
            {
                "type": "ExecutionSucceeded",
                "executionSucceededEventDetails": {"output": '{"a":1,"done":"done"}', "outputDetails": complete},
            },
        ]


def test_the_iterations_of_a_map_begin_together_and_each_links_its_own_events():
    state = {
        "Type": "Map",
        "MaxConcurrency": 2,
        "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}},
        "End": True,
    }
    with Lab() as lab:
        lab.run({"M": state}, ["a", "b", "c"])
        events = lab.history()
        assert [(event["type"], event["previousEventId"]) for event in events] == [
            ("ExecutionStarted", 0),
            ("MapStateEntered", 0),
            ("MapStateStarted", 2),
            ("MapIterationStarted", 3),
            ("MapIterationStarted", 3),
            ("PassStateEntered", 4),
            ("PassStateExited", 6),
            ("MapIterationSucceeded", 7),
            ("MapIterationStarted", 3),
            ("PassStateEntered", 5),
            ("PassStateExited", 10),
            ("MapIterationSucceeded", 11),
            ("PassStateEntered", 9),
            ("PassStateExited", 13),
            ("MapIterationSucceeded", 14),
            ("MapStateSucceeded", 15),
            ("MapStateExited", 16),
            ("ExecutionSucceeded", 17),
        ]
        assert events[2]["mapStateStartedEventDetails"] == {"length": 3}
        assert events[8]["mapIterationStartedEventDetails"] == {"name": "M", "index": 2}


def test_a_child_execution_is_scheduled_started_submitted_and_succeeds():
    with Lab() as lab:
        lab.create("child", {"P": {"Type": "Pass", "End": True}})
        lab.run({"S": start("child", Parameters={"Name": "c1"}, TimeoutSeconds=90)})
        assert lab.event_types() == [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSubmitted",
            "TaskSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]
        scheduled = lab.history()[2]["taskScheduledEventDetails"]
        assert scheduled == {
            "resourceType": "states",
            "resource": "startExecution.sync:2",
            "region": "eu-central-1",
            "parameters": f'{{"StateMachineArn":"{machine_arn("child")}","Name":"c1"}}',
            "timeoutInSeconds": 90,
        }


def test_a_database_costs_the_fleets_run_eleven_events_at_most():
    """docs/facts/stepfunctions.md 8: that is what lets inline Maps carry more than 1,000 databases."""
    note = {"Type": "Pass", "Result": {}, "End": True}
    inner = {"S": start("child", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Note"}]), "Note": note}
    inner["S"] |= {"Next": "Note"}
    del inner["S"]["End"]
    state = {"Type": "Map", "ItemProcessor": {"StartAt": "S", "States": inner}, "End": True}
    with Lab() as lab:
        lab.create("child", {"P": {"Type": "Pass", "End": True}})
        lab.run({"M": state}, list(range(10)))
        assert (len(lab.history()) - len(("start", "entered", "started", "succeeded", "exited", "end"))) / 10 <= 11


def test_the_history_can_be_read_in_pages_backwards_and_without_data():
    with Lab() as lab:
        lab.functions["poll"] = lambda _: "done"
        arn = lab.run(POLL)["executionArn"]
        whole = lab.history()
        first = lab.answer("GetExecutionHistory", executionArn=arn, maxResults=5)
        second = lab.answer("GetExecutionHistory", executionArn=arn, maxResults=1000, nextToken=first["nextToken"])
        assert [*first["events"], *second["events"]] == whole
        assert "nextToken" not in second
        backwards = lab.answer("GetExecutionHistory", executionArn=arn, reverseOrder=True)
        assert backwards["events"] == whole[::-1]
        bare = lab.answer("GetExecutionHistory", executionArn=arn, includeExecutionData=False)
        assert bare["events"][1]["stateEnteredEventDetails"]["name"] == "Poll"
        assert not [name for event in bare["events"] for name in ("input", "output") if f'"{name}":' in repr(event)]
        assert "input" in whole[1]["stateEnteredEventDetails"]
