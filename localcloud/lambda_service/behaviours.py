"""What Lambda here claims of itself."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_API = "https://docs.aws.amazon.com/lambda/latest/api/"
_GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg/"
_TEST = "tests/contract/http/test_lambda_service.py::"
_PLACES = (
    "tests/contract/http/test_lambda_places.py::"
    "test_an_invocation_beyond_the_accounts_places_is_refused_with_429_and_its_reason"
)


def _operations(names: str, test: str) -> Behaviour:
    first = names.split(", ", maxsplit=1)[0]
    return Behaviour(names, "documented", f"{_API}API_{first}.html", _TEST + test)


BEHAVIOURS = (
    _operations(
        "CreateFunction, GetFunction, GetFunctionConfiguration, ListVersionsByFunction",
        "test_what_was_asked_for_is_told_again_with_lambdas_defaults",
    ),
    _operations("UpdateFunctionCode", "test_new_code_is_run_from_the_next_call_on"),
    _operations(
        "UpdateFunctionConfiguration", "test_a_warm_process_is_used_again_and_a_new_configuration_gets_a_new_one"
    ),
    _operations("DeleteFunction, ListFunctions", "test_a_function_is_made_once_and_gone_once_deleted"),
    _operations(
        "AddPermission, GetPolicy, RemovePermission", "test_a_statement_of_the_policy_is_added_told_and_removed"
    ),
    _operations("TagResource, UntagResource, ListTags", "test_tags_are_set_and_taken_away"),
    Behaviour(
        "GetFunctionCodeSigningConfig of a function that has none: an empty ARN",
        "assumed",
        "",
        f"{_TEST}test_what_was_asked_for_is_told_again_with_lambdas_defaults",
        "aws lambda get-function-code-signing-config --function-name <any function>",
    ),
    Behaviour(
        "Invoke, RequestResponse only: a deployed function runs in processes of its own, an interpreter that can "
        "import the package and the standard library alone, with its own environment and its role's credentials",
        "documented",
        f"{_GUIDE}configuration-envvars.html",
        f"{_TEST}test_a_function_sees_its_package_the_standard_library_and_nothing_else",
    ),
    Behaviour(
        "An error of a function is told with errorType, errorMessage and stackTrace",
        "documented",
        f"{_GUIDE}python-exceptions.html",
        f"{_TEST}test_an_error_of_a_function_is_told_with_its_class_words_and_place",
    ),
    Behaviour(
        "A function that ends its process or is killed, or takes longer than its Timeout: Runtime.ExitError, "
        "Sandbox.Timedout",
        "observed",
        f"{_GUIDE}troubleshooting-invocation.html",
        f"{_TEST}test_a_function_whose_process_ends_or_takes_too_long_says_so_and_the_next_call_gets_a_new_one",
    ),
    Behaviour(
        "A function that holds more than its MemorySize: Runtime.OutOfMemory; looked at ten times a second, on Linux",
        "observed",
        "https://repost.aws/knowledge-center/lambda-troubleshoot-invocation-error-502-500",
        f"{_TEST}test_a_function_that_takes_more_than_its_memory_is_killed_and_said_to_be_out_of_memory",
    ),
    Behaviour(
        "An answer that is no JSON: Runtime.MarshalError",
        "observed",
        f"{_GUIDE}python-handler.html",
        f"{_TEST}test_an_answer_that_is_no_json_is_said_to_be_none",
    ),
    Behaviour(
        "A role that does not trust Lambda is refused when the function is made",
        "documented",
        f"{_GUIDE}lambda-intro-execution-role.html",
        f"{_TEST}test_what_lambda_would_refuse_or_is_not_done_here_makes_no_function",
    ),
    Behaviour(
        "A function in a network, whose role may not do what Lambda does there, is refused when it is made",
        "observed",
        "https://github.com/webiny/webiny-js/issues/2580",
        "tests/contract/http/test_function_networks.py::test_a_function_in_a_network_needs_a_role_that_may_stand_there",
    ),
    Behaviour(
        "EventBridge calls a deployed function only where the function's policy lets the rule",
        "documented",
        f"{_GUIDE}permissions-function-services.html",
        f"{_TEST}test_a_rule_calls_a_function_only_where_the_functions_policy_lets_it",
    ),
    Behaviour("GetAccountSettings", "documented", f"{_API}API_GetAccountSettings.html", _PLACES),
    Behaviour(
        "The account runs limits.lambda_at_once functions at once (GetAccountSettings)",
        "documented",
        f"{_GUIDE}gettingstarted-limits.html",
        _PLACES,
        "aws lambda get-account-settings",
    ),
    Behaviour(
        "An invocation beyond that is refused at once with 429 TooManyRequestsException, reason "
        "ConcurrentInvocationLimitExceeded, and to Step Functions as Lambda.TooManyRequestsException",
        "documented",
        "https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html",
        _PLACES,
    ),
    Behaviour(
        "An event whose sender waits for no answer (of a rule or a schedule) waits for a place, up to six hours",
        "documented",
        f"{_GUIDE}invocation-async-error-handling.html",
        "tests/unit/local/test_places_of_functions.py::test_an_event_that_nobody_waits_for_is_delivered_once_there_is_a_place",
    ),
    Behaviour(
        "In Step Functions' history a refused call is a LambdaFunctionFailed after its LambdaFunctionStarted",
        "assumed",
        "",
        "tests/unit/local/test_places_of_functions.py::test_a_state_whose_function_finds_no_place_fails_by_that_name_and_may_be_retried",
        "aws stepfunctions get-execution-history of an execution whose function was throttled",
    ),
    Behaviour(
        "A place is held from the call on, though few workers run here; with lambda_seconds for so long on the clock "
        "at least, and a state's answer comes then; who calls a function from a function does not wait for that",
        "",
        test="tests/unit/local/test_places_of_functions.py::test_a_function_holds_its_place_for_the_seconds_that_are_stated",
    ),
    Behaviour(
        "No rate of starting more (1,000 every ten seconds), no reserved or provisioned concurrency, no requests a "
        "second: a run of this product comes nowhere near the first and the last",
        "",
    ),
    Behaviour(
        "A process lives in the cloud's time, which each call brings along; within a call it flows as the cloud's does",
        "",
        test=f"{_TEST}test_a_function_lives_in_the_clouds_time",
    ),
    Behaviour(
        "A function is Active at once. Of each there run at most as many processes as this machine has cores; further "
        "calls wait, where Lambda would start more",
        "",
        test=f"{_TEST}test_a_warm_process_is_used_again_and_a_new_configuration_gets_a_new_one",
    ),
    Behaviour(
        "Memory, storage, network (VpcConfig) and tracing are kept and told, and bind nothing; what a function prints "
        "goes to FOLDER/functions/NAME.log too",
        "",
        test=f"{_TEST}test_what_was_asked_for_is_told_again_with_lambdas_defaults",
    ),
    Behaviour(
        "What a deployed function prints is in its log group, where that stands and the function's role may write "
        "to it",
        "documented",
        f"{_GUIDE}monitoring-cloudwatchlogs.html",
        f"{_TEST}test_what_a_function_prints_is_in_its_log_group_where_its_role_may_write",
    ),
    Behaviour(
        "There a line is an event, all processes of one configuration write into one stream, and Lambda's own lines "
        "(START, END, REPORT) are left out; the group is not made where it is missing",
        "",
        test=f"{_TEST}test_what_a_function_prints_is_in_its_log_group_where_its_role_may_write",
    ),
    Behaviour(
        "Functions that nobody deployed through the API are the product's own handlers, in this process, with the "
        "cloud's rights and without a limit of time or memory (`fleet demo`, `fleet up --fleet`)",
        "",
        test="tests/contract/http/test_http_night.py::test_a_function_is_invoked_over_the_socket",
    ),
    Behaviour(
        "A runtime or an architecture other than this machine's: the function is made, and refused when it is called",
        "",
        test=f"{_TEST}test_what_this_host_cannot_run_is_made_and_said_to_be_so_when_called",
        is_refused=True,
    ),
    Behaviour(
        "Versions, aliases, layers, images, SnapStart, event source mappings, Invoke without waiting (Event), DryRun",
        "",
        test=f"{_TEST}test_what_lambda_has_and_this_does_not_is_refused_by_name",
        is_refused=True,
    ),
)
