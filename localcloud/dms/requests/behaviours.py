"""What the local DMS claims of each operation, of its requests, answers and errors."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_API = "https://docs.aws.amazon.com/dms/latest/APIReference/API_"
_GUIDE = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_"
_TASKS = "tests/contract/dms/test_dms_tasks.py::"
_ENDPOINTS = "tests/contract/dms/test_dms_endpoints.py::"
_CONNECTIONS = "tests/contract/dms/test_dms_connections.py::"
_LIFE = "tests/contract/dms/test_dms_api.py::"
_INSTANCES = "tests/contract/dms/test_dms_instances.py::"
_EVENTS = "tests/contract/dms/test_dms_events.py::"
_RESOURCES = "tests/contract/dms/test_dms_resources.py::"
_SEQUENCES = "tests/contract/dms/test_dms_sequences.py::test_no_sequence_of_calls_leads_where_aws_does_not"


def _operation(name: str, test: str) -> Behaviour:
    return Behaviour(name, "documented", f"{_API}{name}.html", test)


def _refused(name: str, test: str = "") -> Behaviour:
    by_name = f"{_RESOURCES}test_every_operation_of_the_model_is_answered_or_refused_by_its_name"
    return Behaviour(name, "", test=test or by_name, is_refused=True)


_PASSES = f"{_TASKS}test_a_task_passes_every_state_on_its_way_and_refuses_what_the_state_forbids"
_CERTIFICATE = f"{_RESOURCES}test_a_certificate_is_read_named_by_an_endpoint_and_then_kept"
_SCHEMAS = f"{_RESOURCES}test_the_schemas_of_a_source_are_known_once_they_were_refreshed"
_GROUP = f"{_INSTANCES}test_a_subnet_group_is_changed_and_deleted_once_no_instance_uses_it"
_SUBSCRIPTION = f"{_EVENTS}test_a_subscription_passes_its_states_and_refuses_what_is_not_there"
_TAGS = f"{_RESOURCES}test_tags_are_added_replaced_and_removed"
_ASSESSMENTS = "tests/contract/dms/test_dms_assessments.py::"
_ASSESSED = f"{_ASSESSMENTS}test_what_is_found_is_counted_and_lies_in_the_bucket"
_CANCELLED = f"{_ASSESSMENTS}test_only_a_run_under_way_is_cancelled_and_only_another_is_deleted"
_EMPTY = f"{_INSTANCES}test_an_instance_has_neither_maintenance_to_come_nor_logs_of_tasks"
_LISTS = "tests/contract/dms/test_dms_lists.py::"

OPERATIONS = (
    _operation("CreateReplicationInstance", f"{_INSTANCES}test_the_storage_of_an_instance_depends_on_its_class"),
    _operation("DescribeReplicationInstances", f"{_INSTANCES}test_the_storage_of_an_instance_depends_on_its_class"),
    _operation(
        "ModifyReplicationInstance",
        f"{_INSTANCES}test_a_change_that_is_to_be_applied_at_once_passes_modifying",
    ),
    _operation(
        "RebootReplicationInstance",
        f"{_INSTANCES}test_a_reboot_in_the_middle_of_a_load_fails_the_task_and_its_unfinished_tables",
    ),
    _operation(
        "DeleteReplicationInstance",
        f"{_INSTANCES}test_an_instance_with_a_task_cannot_be_deleted_and_a_free_one_takes_its_connections_along",
    ),
    _operation(
        "DescribeOrderableReplicationInstances",
        f"{_INSTANCES}test_orderable_instances_are_those_that_can_be_created",
    ),
    *(
        _operation(name, _GROUP)
        for name in (
            "CreateReplicationSubnetGroup",
            "DescribeReplicationSubnetGroups",
            "ModifyReplicationSubnetGroup",
            "DeleteReplicationSubnetGroup",
        )
    ),
    _operation("CreateEndpoint", f"{_ENDPOINTS}test_two_endpoints_cannot_have_one_name_whatever_its_case"),
    _operation("DescribeEndpoints", f"{_LIFE}test_filters_are_anded_and_their_values_ored"),
    _operation("ModifyEndpoint", f"{_ENDPOINTS}test_modifying_an_endpoint_changes_only_the_members_that_are_given"),
    _operation("DeleteEndpoint", f"{_ENDPOINTS}test_an_endpoint_of_a_task_cannot_be_deleted_and_a_free_one_can"),
    _operation("DescribeEndpointTypes", f"{_RESOURCES}test_the_endpoint_types_are_those_that_can_be_had_here"),
    _operation("TestConnection", f"{_CONNECTIONS}test_a_connection_that_is_being_tested_cannot_be_tested_again"),
    _operation("DescribeConnections", f"{_CONNECTIONS}test_describing_connections_before_any_test_is_a_fault"),
    _operation("DeleteConnection", f"{_CONNECTIONS}test_a_deleted_connection_is_gone_and_may_be_tested_anew"),
    *(_operation(name, _SCHEMAS) for name in ("RefreshSchemas", "DescribeRefreshSchemasStatus", "DescribeSchemas")),
    *(_operation(name, _CERTIFICATE) for name in ("ImportCertificate", "DescribeCertificates", "DeleteCertificate")),
    _operation("CreateReplicationTask", _PASSES),
    _operation(
        "DescribeReplicationTasks",
        f"{_LIFE}test_tasks_are_found_by_either_of_their_endpoints_and_come_without_settings_on_request",
    ),
    _operation("ModifyReplicationTask", f"{_TASKS}test_a_modified_task_is_modifying_and_then_as_it_was"),
    _operation("StartReplicationTask", f"{_TASKS}test_start_replication_works_once_in_the_life_of_a_task"),
    _operation("StopReplicationTask", _PASSES),
    _operation("DeleteReplicationTask", f"{_TASKS}test_a_deleted_task_is_not_found"),
    _operation("MoveReplicationTask", f"{_RESOURCES}test_a_task_moves_to_another_instance_and_is_then_tested_there"),
    _operation(
        "DescribeTableStatistics",
        "tests/contract/dms/test_dms_resources.py::test_table_statistics_can_be_filtered_and_paged",
    ),
    _operation("DescribeEvents", f"{_EVENTS}test_a_run_leaves_its_events_and_eventbridge_is_told_of_the_task"),
    _operation("DescribeEventCategories", f"{_EVENTS}test_event_categories_are_those_of_the_source"),
    *(
        _operation(name, _SUBSCRIPTION)
        for name in (
            "CreateEventSubscription",
            "DescribeEventSubscriptions",
            "ModifyEventSubscription",
            "DeleteEventSubscription",
        )
    ),
    *(_operation(name, _TAGS) for name in ("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource")),
    _operation("DescribeAccountAttributes", f"{_LIFE}test_the_account_says_how_much_of_its_quotas_is_used"),
    *(
        _operation(name, _EMPTY)
        for name in ("DescribePendingMaintenanceActions", "DescribeReplicationInstanceTaskLogs")
    ),
    _operation("StartReplicationTaskAssessmentRun", f"{_ASSESSMENTS}test_a_run_that_may_not_be_is_refused"),
    _operation("DescribeReplicationTaskAssessmentRuns", _ASSESSED),
    _operation("DescribeReplicationTaskIndividualAssessments", _ASSESSED),
    _operation("CancelReplicationTaskAssessmentRun", _CANCELLED),
    _operation("DeleteReplicationTaskAssessmentRun", _CANCELLED),
    _operation(
        "DescribeApplicableIndividualAssessments",
        f"{_ASSESSMENTS}test_the_applicable_assessments_are_those_of_the_task_or_of_what_it_would_be",
    ),
    _operation(
        "DescribeReplicationTaskAssessmentResults",
        f"{_ASSESSMENTS}test_the_older_report_is_refused_and_so_there_is_none",
    ),
)

PROTOCOL = (
    Behaviour(
        "Every request and answer is held against botocore's model of DMS, and every error against the faults that it "
        "lists for the operation; DMS's faults are HTTP 400",
        "documented",
        f"{_API}Operations.html",
        f"{_RESOURCES}test_a_request_that_no_sdk_has_checked_is_held_against_the_model",
    ),
    Behaviour(
        "Codes beside the model: ThrottlingException, ValidationException, InvalidParameterValueException, "
        "InvalidParameterCombinationException; a malformed request is a ValidationException",
        "observed",
        "reference/dms.md 1.3, 3.3",
        _SEQUENCES,
    ),
    Behaviour(
        "Which of DMS's codes a single wrong value gets",
        "assumed",
        "reference/dms.md 3.3",
        f"{_INSTANCES}test_an_instance_that_may_not_be_is_refused",
        "aws dms create-replication-instance --replication-instance-identifier a--b "
        "--replication-instance-class dms.t3.micro",
    ),
    Behaviour(
        "Values of S3Settings in either of AWS's spellings",
        "observed",
        "reference/dms.md 4.1",
        f"{_RESOURCES}test_settings_of_s3_are_taken_in_both_spellings_and_no_third",
    ),
    Behaviour(
        "Pages of 20 to 100 (500 of table statistics) with a Marker; filters hold all together, their values are "
        "alternatives",
        "documented",
        "reference/dms.md 1.3",
        f"{_LISTS}test_the_pages_of_a_list_hold_each_entry_once_and_in_one_order",
    ),
    Behaviour(
        "A marker holds a place, which nothing moves that comes or goes meanwhile, and is good for the same request "
        "only",
        "assumed",
        "reference/dms.md 1.3",
        f"{_LISTS}test_a_marker_that_was_not_given_for_the_request_is_refused",
        "aws dms describe-endpoint-types --max-records 20 --marker MARKER_OF_DESCRIBE_ENDPOINTS",
    ),
    Behaviour(
        "A filter whose name is not among those of the operation is refused, and any where the model names none",
        "assumed",
        "reference/dms.md 1.3",
        f"{_LISTS}test_a_filter_of_another_name_is_refused",
        "aws dms describe-event-categories --filters Name=colour,Values=red",
    ),
    Behaviour(
        "The lists of maintenance to come and of tasks' logs are empty: nothing here needs maintenance, or keeps a log "
        "on its instance",
        "",
        test=_EMPTY,
    ),
    Behaviour(
        "A filter that matches nothing is a ResourceNotFoundFault",
        "observed",
        "reference/dms.md 3.9",
        f"{_LIFE}test_filters_are_anded_and_their_values_ored",
    ),
    Behaviour(
        "A filter of table statistics or events that matches nothing gives an empty list",
        "assumed",
        "reference/dms.md 1.3",
        "tests/contract/dms/test_dms_resources.py::test_table_statistics_can_be_filtered_and_paged",
        "aws dms describe-table-statistics --replication-task-arn TASK --filters Name=table-name,Values=none",
    ),
    Behaviour(
        "Identifiers: their characters and length, kept in lower case; the ResourceIdentifier at the end of an ARN",
        "documented",
        f"{_API}CreateReplicationInstance.html",
        f"{_INSTANCES}test_an_instance_that_may_not_be_is_refused",
    ),
    Behaviour(
        "An account's requests pass a bucket of tokens, by AWS's smaller pair of numbers, where `--throttle` is given",
        "documented",
        f"{_GUIDE}Limits.html",
        f"{_LIFE}test_requests_beyond_the_burst_are_throttled_until_tokens_come_back",
    ),
)

REFUSALS = (
    _refused("A member that botocore's model does not know"),
    _refused("DescribeEndpointSettings, DescribeEngineVersions, ApplyPendingMaintenanceAction"),
    _refused("UpdateSubscriptionsToEventBridge"),
    _refused(
        "StartReplicationTaskAssessment, the older report",
        f"{_ASSESSMENTS}test_the_older_report_is_refused_and_so_there_is_none",
    ),
    _refused("Individual assessments that the user guide of 2023 does not list"),
    _refused(
        "ReloadTables, once AWS itself would not refuse it",
        f"{_RESOURCES}test_tables_are_reloaded_only_while_their_task_runs_and_then_not_here",
    ),
    _refused("Serverless replications, data providers, migration projects, metadata models, Fleet Advisor"),
    _refused("Engines without a reader here, S3 as a source, ExtraConnectionAttributes, credentials in clear text"),
    _refused("Oracle wallets as certificates"),
    _refused(
        "Starting a cdc or full-load-and-cdc task, and a position at the start of a full load",
        f"{_TASKS}test_a_cdc_task_can_be_made_and_modified_but_not_started_here",
    ),
)
