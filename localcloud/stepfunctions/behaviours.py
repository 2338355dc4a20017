"""What this stand-in for Step Functions does as AWS's does it, and what it refuses. `local/COVERAGE.md` comes of it."""

from __future__ import annotations

from localcloud.behaviours import Behaviour, Trust
from localcloud.stepfunctions.redrive_behaviours import REDRIVE
from localcloud.stepfunctions.role_behaviours import ROLES

_API = "https://docs.aws.amazon.com/step-functions/latest/apireference/API_"
_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/"
_SPECIFICATION = "https://states-language.net/"
_CORPUS = "tests/contract/stepfunctions/test_stepfunctions_corpus.py::test_the_engine_keeps_the_rule"
_MODEL = "tests/contract/stepfunctions/test_stepfunctions_model.py::"
_LOG = "tests/contract/stepfunctions/test_stepfunctions_log.py::"
_UNIT = "tests/unit/local/stepfunctions/test_stepfunctions_"
_STATES = "aws stepfunctions "


def _operation(name: str, test: str) -> Behaviour:
    return Behaviour(name, "documented", f"{_API}{name}.html", test)


def _rule(name: str, trust: Trust, source: str, test: str, verify: str = "") -> Behaviour:
    return Behaviour(name, trust, source, test, verify)


def _refused(name: str, test: str) -> Behaviour:
    return Behaviour(name, "", test=test, is_refused=True)


_TERRAFORM = f"{_MODEL}test_a_machine_lives_through_what_terraform_asks_of_one"
_OPERATIONS = (
    *(
        _operation(name, _TERRAFORM)
        for name in (
            *("CreateStateMachine", "DescribeStateMachine", "UpdateStateMachine", "DeleteStateMachine"),
            *("TagResource", "UntagResource", "ListTagsForResource", "DescribeStateMachineForExecution"),
            *("StartExecution", "StopExecution"),
        )
    ),
    _operation("ListStateMachines", f"{_UNIT}requests.py::test_machines_are_listed_in_pages"),
    _operation(
        "ListStateMachineVersions",
        f"{_UNIT}requests.py::test_a_machine_has_no_versions_and_one_named_by_a_version_is_refused",
    ),
    _operation(
        "ValidateStateMachineDefinition",
        f"{_UNIT}requests.py::test_a_wrong_definition_is_judged_by_code_and_place_and_would_not_be_created",
    ),
    _operation("DescribeExecution", f"{_UNIT}executions.py::test_a_description_tells_status_times_input_and_output"),
    _operation(
        "ListExecutions", f"{_UNIT}executions.py::test_executions_are_listed_newest_first_by_status_and_in_pages"
    ),
    _operation(
        "GetExecutionHistory", f"{_UNIT}history.py::test_the_history_can_be_read_in_pages_backwards_and_without_data"
    ),
    _operation(
        "RedriveExecution",
        "tests/contract/stepfunctions/test_stepfunctions_api.py::test_a_redrive_of_a_fleet_has_the_shapes_of_botocores_model",
    ),
)

_OF_THE_API = (
    _rule(
        "Requests are held against the model's types, bounds, enumerations and patterns: ValidationException",
        "documented",
        f"{_API}ListExecutions.html",
        f"{_UNIT}requests.py::test_a_request_that_aws_s_model_rules_out_is_a_validation_error",
    ),
    _rule(
        "An ARN of another kind is InvalidArn, which says the kind",
        "observed",
        "an answer of AWS quoted in a public test: StartExecution with the ARN of an execution",
        f"{_MODEL}test_a_refusal_has_a_code_that_the_model_lists_for_the_operation",
    ),
    _rule(
        "StartExecution, DescribeExecution, ListExecutions and GetExecutionHistory have a bucket each, as in a Region "
        "that is not one of the three large: ThrottlingException; the starts of children take from it too",
        "documented",
        f"{_GUIDE}service-quotas.html",
        f"{_UNIT}throttling.py::test_starts_beyond_the_bucket_are_refused_until_tokens_come_back",
    ),
    _rule(
        "A start of a child that is throttled is StepFunctions.AWSStepFunctionsException to its parent",
        "assumed",
        "https://github.com/aws/aws-step-functions-data-science-sdk-python/issues/191",
        f"{_UNIT}throttling.py::test_a_childs_start_takes_from_the_same_bucket_and_may_be_retried",
        "aws stepfunctions get-execution-history of a parent that starts 1,000 children at once, event TaskFailed",
    ),
    _rule(
        "State transitions are not throttled: AWS delays those beyond the bucket, and refuses none; nor are the other "
        "operations, of which a run makes a handful",
        "",
        "",
        "",
    ),
    _rule(
        "A page's token is good for its request, for 24 hours",
        "documented",
        f"{_API}ListExecutions.html",
        f"{_UNIT}requests.py::test_a_token_is_good_for_its_request_and_a_day_and_holds_its_place",
    ),
    _rule(
        "A token holds a place, so nothing that is added meanwhile shifts the pages",
        "assumed",
        "",
        f"{_UNIT}requests.py::test_a_history_read_backwards_in_pages_holds_its_place_while_it_grows",
        f"{_STATES}list-executions --state-machine-arn M --max-items 2, start one, --starting-token T",
    ),
    _rule(
        "Running executions are listed by their start or redrive, others by their end; redriveFilter and "
        "PENDING_REDRIVE are for Map Runs only",
        "documented",
        f"{_API}ListExecutions.html",
        f"{_UNIT}executions.py::test_executions_are_listed_newest_first_by_status_and_in_pages",
    ),
    _rule(
        "Machines are listed newest first",
        "assumed",
        "",
        f"{_UNIT}requests.py::test_machines_are_listed_in_pages",
        f"{_STATES}list-state-machines",
    ),
    _rule(
        "A start is idempotent by its name while the execution runs with the same input",
        "documented",
        f"{_API}StartExecution.html",
        f"{_UNIT}executions.py::test_the_same_name_twice_is_one_execution_while_it_runs_with_the_same_input",
    ),
    _rule(
        "The same input is the same text, byte for byte",
        "assumed",
        "",
        f"{_UNIT}executions.py::test_the_same_name_twice_is_one_execution_while_it_runs_with_the_same_input",
        f"{_STATES}start-execution --name x --input '{{\"a\":1}}', again with --input '{{\"a\": 1}}'",
    ),
    _rule(
        "A machine created again is the same one, whatever its role and tags, unless definition or settings differ",
        "documented",
        f"{_API}CreateStateMachine.html",
        f"{_UNIT}requests.py::test_a_machine_created_again_with_other_settings_exists_already",
    ),
    _rule(
        "Every update is a revision with an id, the first has none, and an execution keeps the one it began with",
        "documented",
        f"{_API}DescribeStateMachineForExecution.html",
        f"{_UNIT}requests.py::test_every_update_gives_a_revision_of_its_own_and_an_execution_keeps_its_revision",
    ),
    _rule(
        "A deleted machine is DELETING until its executions have ended; each is aborted at its next transition",
        "documented",
        f"{_API}DeleteStateMachine.html",
        f"{_UNIT}executions.py::test_a_deleted_machine_starts_nothing_and_aborts_what_runs_at_its_next_transition",
    ),
    _rule(
        "A machine without executions under way is gone as soon as it is deleted; names of executions stay taken",
        "assumed",
        "",
        _TERRAFORM,
        f"{_STATES}delete-state-machine, then describe-state-machine once a second",
    ),
    _rule(
        "Settings left out are told as logging OFF and tracing off",
        "documented",
        f"{_API}DescribeStateMachine.html",
        f"{_UNIT}requests.py::test_a_machine_without_settings_is_told_with_those_of_aws",
    ),
    _rule(
        "Encryption left out is told as AWS_OWNED_KEY",
        "assumed",
        "",
        f"{_UNIT}requests.py::test_a_machine_without_settings_is_told_with_those_of_aws",
        f"{_STATES}describe-state-machine",
    ),
    _rule(
        "Tracing and encryption are kept, given back, and without effect",
        "",
        "",
        _TERRAFORM,
    ),
    _rule(
        "An update of nothing is MissingRequiredParameter; one of the settings alone is allowed",
        "assumed",
        "",
        f"{_UNIT}requests.py::test_every_update_gives_a_revision_of_its_own_and_an_execution_keeps_its_revision",
        f"{_STATES}update-state-machine --state-machine-arn M --tracing-configuration enabled=true",
    ),
    _rule(
        "At most 50 tags: TooManyTags",
        "documented",
        f"{_GUIDE}service-quotas.html",
        f"{_UNIT}requests.py::test_tags_beyond_the_limit_of_a_wrong_form_or_of_nothing_are_refused",
    ),
    _rule(
        "A tag whose key begins with aws: or has another character than AWS allows is a ValidationException",
        "assumed",
        "",
        f"{_UNIT}requests.py::test_tags_beyond_the_limit_of_a_wrong_form_or_of_nothing_are_refused",
        f"{_STATES}tag-resource --resource-arn M --tags key=aws:x,value=1",
    ),
    _rule(
        "One diagnostic at a time, of severity ERROR, with AWS's codes; warnings are not given",
        "documented",
        f"{_API}ValidateStateMachineDefinitionDiagnostic.html",
        f"{_UNIT}requests.py::test_a_wrong_definition_is_judged_by_code_and_place_and_would_not_be_created",
    ),
    _rule(
        "EventBridge gets an event for every change of an execution's status",
        "documented",
        f"{_GUIDE}eventbridge-integration.html",
        f"{_UNIT}executions.py::test_every_change_of_status_is_told_as_eventbridge_tells_it",
    ),
)

_OF_THE_LOG = (
    _rule(
        "Events of the levels ALL, ERROR and FATAL are written to the log group, on best effort",
        "documented",
        f"{_GUIDE}cloudwatch-log-level.html",
        f"{_LOG}test_level_all_writes_the_whole_history_as_documents",
    ),
    _rule(
        "The members of a log event's document",
        "observed",
        f"{_GUIDE}cw-logs.html",
        f"{_LOG}test_level_all_writes_the_whole_history_as_documents",
    ),
    _rule(
        "Without includeExecutionData, inputs, outputs and parameters are left out; errors and causes are not",
        "assumed",
        "",
        f"{_LOG}test_without_execution_data_the_log_holds_neither_input_nor_output",
        f"{_STATES}create-state-machine with includeExecutionData=false, then aws logs tail GROUP",
    ),
    _rule(
        "A log stream for each execution",
        "assumed",
        "",
        f"{_LOG}test_level_all_writes_the_whole_history_as_documents",
        "aws logs describe-log-streams --log-group-name GROUP",
    ),
    _rule(
        "One destination, whose ARN ends with :*, unless the level is OFF",
        "documented",
        f"{_API}LoggingConfiguration.html",
        f"{_LOG}test_a_destination_that_aws_refuses_is_refused",
    ),
    _rule(
        "A log group that does not exist is refused when the machine is created",
        "assumed",
        "",
        f"{_LOG}test_a_destination_that_aws_refuses_is_refused",
        f"{_STATES}create-state-machine with a loggingConfiguration of a group that does not exist",
    ),
)

_OF_THE_LANGUAGE = (
    _rule(
        "Task (Lambda by ARN, startExecution.sync:2), Pass, Choice, Wait, Succeed, Fail, Parallel, inline Map; input "
        "and output processing; payload templates; the context object; 16 intrinsic functions; every comparison",
        "documented",
        _SPECIFICATION,
        _CORPUS,
    ),
    _rule(
        "Retry with backoff, cap and jitter; Catch; which errors each names",
        "documented",
        f"{_GUIDE}concepts-error-handling.html",
        _CORPUS,
    ),
    _rule(
        "Events and their order for every type of state, as another engine has them",
        "observed",
        "tests/corpus/moto_differences.json and reference/stepfunctions.md 1",
        "tests/contract/stepfunctions/test_stepfunctions_moto.py::test_motos_engine_agrees_or_differs_as_is_known",
    ),
    _rule(
        "States.ALL catches neither States.Runtime nor States.DataLimitExceeded",
        "documented",
        f"{_GUIDE}concepts-error-handling.html",
        f"{_UNIT}errors.py::test_states_all_does_not_catch_a_result_that_is_too_large",
    ),
    _rule(
        "A missing path in Parameters, ItemSelector or ResultSelector ends in States.Runtime, not in the documented "
        "States.ParameterPathFailure",
        "observed",
        "many public reports of the message",
        f"{_UNIT}dataflow.py::test_a_missing_path_in_parameters_fails_with_the_path_the_field_and_the_input",
    ),
    _rule(
        "Timestamps are compared as moments, whatever their zone",
        "assumed",
        "",
        _CORPUS,
        "an execution of a Choice with TimestampEquals on 01:00:00Z and 02:00:00+01:00",
    ),
    _rule(
        "256 KiB of a payload, 25,000 events of a history, 80 characters of a name",
        "documented",
        f"{_GUIDE}service-quotas.html",
        f"{_UNIT}maps.py::test_a_history_of_25000_events_fails_the_execution_and_stops_its_work",
    ),
    _rule(
        "At most 40 iterations of an inline Map at once",
        "documented",
        f"{_GUIDE}state-map-inline.html",
        f"{_UNIT}maps.py::test_without_max_concurrency_forty_items_run_at_once",
    ),
    _rule(
        "A first state's previousEventId is 0; an uncaught time-out of a task ends FAILED with States.Timeout and no "
        "cause; an execution TIMED_OUT is described with neither error nor cause",
        "observed",
        "histories that others published (localstack/localstack, tests/aws/services/stepfunctions)",
        f"{_UNIT}errors.py::test_an_execution_that_outlives_its_machine_is_timed_out_to_the_second",
    ),
    _rule(
        "Stopping a parent stops its children; a stopped child has neither error nor cause",
        "assumed",
        "",
        f"{_UNIT}children.py::test_stopping_a_parent_stops_the_children_under_way_and_starts_no_further_one",
        f"{_STATES}stop-execution of a parent in startExecution.sync:2, then describe-execution of the child",
    ),
    _rule(
        "startExecution.sync:2 gives the child's description, its Output parsed and its Input a text",
        "assumed",
        "",
        f"{_UNIT}children.py::test_a_parent_gets_the_description_of_its_child_with_the_output_parsed",
        f"{_STATES}get-execution-history of a parent, event TaskSucceeded",
    ),
    _rule(
        "A fault of Lambda itself appears as LambdaFunctionFailed",
        "assumed",
        "",
        f"{_UNIT}errors.py::test_an_unknown_function_fails_with_lambdas_own_error_in_plain_words",
        f"{_STATES}get-execution-history of a Task whose function does not exist",
    ),
)

_BY_NAME = f"{_MODEL}test_every_operation_of_the_service_is_answered_or_refused_by_its_name"
_BY_FIELD = f"{_UNIT}definition.py::test_what_is_not_emulated_is_refused_by_state_and_field"
_REFUSALS = (
    _refused(
        "Versions and aliases of machines (publish, versionDescription, qualified ARNs, their operations)", _BY_NAME
    ),
    _refused("Map Runs, distributed Maps, ItemReader, ItemBatcher, ResultWriter, tolerated failures", _BY_FIELD),
    _refused("Activities and task tokens, and with them HeartbeatSeconds", _BY_NAME),
    _refused("Machines of type EXPRESS, StartSyncExecution", _BY_NAME),
    _refused("TestState", _BY_NAME),
    _refused("JSONata, Assign and variables", _BY_FIELD),
    _refused("Every integration but Lambda by ARN and startExecution.sync:2; Credentials", _BY_FIELD),
    _refused("JSONPath beyond single places: filters, wildcards, slices, descents", _BY_FIELD),
    _refused("States.UUID and States.MathRandom", _BY_FIELD),
    _refused("Iterator and other fields that newer ones replace", _BY_FIELD),
)

BEHAVIOURS = (*_OPERATIONS, *_OF_THE_API, *_OF_THE_LOG, *ROLES, *_OF_THE_LANGUAGE, *REDRIVE, *_REFUSALS)
