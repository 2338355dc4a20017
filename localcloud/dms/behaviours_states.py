"""What the local DMS claims of states: which follow which, what each refuses, how long they last, what runs out."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_API = "https://docs.aws.amazon.com/dms/latest/APIReference/API_"
_GUIDE = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_"
_TASKS = "tests/contract/dms/test_dms_tasks.py::"
_QUOTAS = "tests/contract/dms/test_dms_quotas.py::"
_ENDPOINTS = "tests/contract/dms/test_dms_endpoints.py::"
_CONNECTING = "tests/contract/dms/test_dms_connections.py::"
_LIFE = "tests/contract/dms/test_dms_api.py::"
_INSTANCES = "tests/contract/dms/test_dms_instances.py::"
_RESOURCES = "tests/contract/dms/test_dms_resources.py::"
_ASSESSMENTS = "tests/contract/dms/test_dms_assessments.py::"
_EVENTS = "tests/contract/dms/test_dms_events.py::"
_SETTINGS = "tests/unit/local/dms/test_dms_settings.py::"
_SEQUENCES = "tests/contract/dms/test_dms_sequences.py::test_no_sequence_of_calls_leads_where_aws_does_not"
_TASK = "aws dms describe-replication-tasks --filters Name=replication-task-arn,Values=TASK"
_INSTANCE = "aws dms describe-replication-instances --filters Name=replication-instance-id,Values=INSTANCE"
_CONNECTIONS = "aws dms describe-connections --filters Name=endpoint-arn,Values=ENDPOINT"

STATES = (
    Behaviour(
        "Instances, endpoints, connections, tasks and subscriptions pass only states that may follow each other "
        "(localcloud/dms/states.py names the source of each)",
        "documented",
        f"{_API}ReplicationTask.html",
        _SEQUENCES,
    ),
    Behaviour(
        "Seconds in creating, modifying, moving, rebooting, testing, starting, stopping, deleting; they can be scaled",
        "assumed",
        "reference/dms.md 2.2",
        f"{_TASKS}test_a_modified_task_is_modifying_and_then_as_it_was",
        f"{_TASK} --query 'ReplicationTasks[].Status'",
    ),
    Behaviour(
        "An endpoint is active at once",
        "assumed",
        "reference/dms.md 2.2",
        f"{_ENDPOINTS}test_two_endpoints_cannot_have_one_name_whatever_its_case",
        "aws dms describe-endpoints --query 'Endpoints[].Status'",
    ),
    Behaviour(
        "S3Settings are merged member by member; ExactSettings replaces them",
        "documented",
        f"{_API}ModifyEndpoint.html",
        f"{_ENDPOINTS}test_exact_settings_replace_the_whole_set",
    ),
    Behaviour(
        "An endpoint keeps the settings it was given; AWS's defaults are not filled in",
        "assumed",
        f"{_API}S3Settings.html",
        f"{_ENDPOINTS}test_modifying_an_endpoint_changes_only_the_members_that_are_given",
        "aws dms describe-endpoints --query 'Endpoints[].S3Settings'",
    ),
    Behaviour(
        "The side of an endpoint is shown in capitals, and taken in small letters only",
        "observed",
        "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dms/s3_endpoint.go",
        f"{_RESOURCES}test_the_side_of_an_endpoint_is_shown_in_capitals_and_taken_in_small_letters",
    ),
    Behaviour(
        "EncryptionMode may change from SSE_KMS to SSE_S3, not back",
        "documented",
        f"{_API}S3Settings.html",
        f"{_RESOURCES}test_an_endpoint_encrypted_by_s3_cannot_come_under_a_key",
    ),
    Behaviour(
        "An endpoint cannot be modified while a task on it moves",
        "observed",
        "reference/dms.md 2.2",
        f"{_ENDPOINTS}test_an_endpoint_whose_task_moves_cannot_be_modified",
    ),
    Behaviour(
        "The words with which a ModifyEndpoint is refused while a task on it moves",
        "assumed",
        "reference/dms.md 2.2",
        f"{_ENDPOINTS}test_an_endpoint_whose_task_moves_cannot_be_modified",
        "aws dms modify-endpoint --endpoint-arn ENDPOINT --s3-settings BucketFolder=x",
    ),
    Behaviour(
        "A ModifyEndpoint sets off connection tests by itself",
        "observed",
        "reference/dms.md 2.2",
        f"{_TASKS}test_a_modify_between_test_and_start_makes_the_start_wait_for_the_hidden_test",
    ),
    Behaviour(
        "The tests that a ModifyEndpoint sets off run on every instance the endpoint was ever tested from, two seconds "
        "later",
        "assumed",
        "reference/dms.md 2.2",
        f"{_TASKS}test_a_modify_between_test_and_start_makes_the_start_wait_for_the_hidden_test",
        f"{_CONNECTIONS} --query 'Connections[].[ReplicationInstanceIdentifier,Status]'",
    ),
    Behaviour(
        "A second test is refused while one runs; without any test DescribeConnections is a fault; a start needs both "
        "tests successful",
        "observed",
        "reference/dms.md 2.2",
        f"{_TASKS}test_a_task_starts_only_once_both_connections_are_successful",
    ),
    Behaviour(
        "Tests of connections are real: a login at the source; by the target's role ListBucket, and under the folder "
        "PutObject, DeleteObject and PutObjectTagging; on the endpoint's key all that AWS documents for it",
        "assumed",
        f"{_GUIDE}Target.S3.html",
        "tests/contract/dms/test_dms_encryption.py::"
        "test_a_target_fails_its_test_without_any_one_right_that_dms_documents",
        f"{_CONNECTIONS} --query 'Connections[].LastFailureMessage'",
    ),
    Behaviour(
        "A test of an S3 target leaves no object in its folder (a test may ask for one that does)",
        "assumed",
        "docs/decisions/0018-what-a-connection-test-may-leave.md",
        f"{_CONNECTING}test_a_test_leaves_an_object_only_where_it_was_said_to",
        "aws dms test-connection --replication-instance-arn INSTANCE --endpoint-arn ENDPOINT; then "
        "aws s3 ls --recursive s3://BUCKET/FOLDER/",
    ),
    Behaviour(
        "`start-replication` works once in a task's life",
        "observed",
        "reference/dms.md 3.3",
        f"{_TASKS}test_start_replication_works_once_in_the_life_of_a_task",
    ),
    Behaviour(
        "A first start of any type but `start-replication` is refused",
        "assumed",
        "reference/dms.md 3.3",
        f"{_TASKS}test_a_task_that_never_ran_can_only_be_started_afresh",
        "aws dms start-replication-task --replication-task-arn TASK --start-replication-task-type reload-target",
    ),
    Behaviour(
        "An assessment run is starting, provisioning, running, then passed or failed; its task is testing meanwhile, "
        "and then again what it was",
        "documented",
        "reference/dms.md 9.3",
        f"{_ASSESSMENTS}test_a_run_passes_its_states_while_the_task_is_tested_and_comes_back",
    ),
    Behaviour(
        "An assessment needs a task at rest; whatever one finds makes it failed, never a warning; one that was "
        "cancelled stays cancelling; its results lie in a folder of its name",
        "assumed",
        "reference/dms.md 9.3",
        f"{_ASSESSMENTS}test_what_is_found_is_counted_and_lies_in_the_bucket",
        "aws dms start-replication-task-assessment-run --replication-task-arn TASK --service-access-role-arn ROLE "
        "--result-location-bucket BUCKET --assessment-run-name first; aws s3 ls --recursive s3://BUCKET/",
    ),
    Behaviour("What stands in an assessment's results is ours; of unique keys, only primary ones are looked at", ""),
    Behaviour(
        "The migration type of a task cannot be changed",
        "documented",
        f"{_GUIDE}Tasks.Modifying.html",
        f"{_TASKS}test_the_migration_type_of_a_task_cannot_be_changed",
    ),
    Behaviour(
        "The fault that refuses another migration type",
        "assumed",
        "reference/dms.md 3.4",
        f"{_TASKS}test_the_migration_type_of_a_task_cannot_be_changed",
        "aws dms modify-replication-task --replication-task-arn TASK --migration-type cdc",
    ),
    Behaviour(
        "A running task cannot be modified, but for the severities of its log",
        "observed",
        "reference/dms.md 3.4",
        f"{_RESOURCES}test_of_a_running_task_only_the_severities_of_its_log_can_be_changed",
    ),
    Behaviour(
        "A task at rest moves to an instance of the same or a newer engine",
        "documented",
        f"{_GUIDE}Tasks.Moving.html",
        f"{_RESOURCES}test_a_task_moves_to_another_instance_and_is_then_tested_there",
    ),
    Behaviour(
        "A task that never ran may be moved",
        "assumed",
        "reference/dms.md 1.4",
        f"{_RESOURCES}test_a_task_moves_to_another_instance_and_is_then_tested_there",
        "aws dms move-replication-task --replication-task-arn TASK --target-replication-instance-arn INSTANCE",
    ),
    Behaviour(
        "What is used cannot be deleted: an instance with tasks, an endpoint of a task, a subnet group of an instance, "
        "a certificate of an endpoint, a task that moves",
        "documented",
        f"{_API}DeleteReplicationInstance.html",
        f"{_INSTANCES}test_an_instance_with_a_task_cannot_be_deleted_and_a_free_one_takes_its_connections_along",
    ),
)

SETTINGS = (
    Behaviour(
        "Task settings left out are shown with AWS's defaults, log components included",
        "documented",
        f"{_GUIDE}Tasks.CustomizingTasks.TaskSettings.Saving.html",
        f"{_TASKS}test_settings_left_out_are_shown_with_their_defaults",
    ),
    Behaviour(
        "A modify keeps the settings it does not name",
        "observed",
        "https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dms/task_settings_json.go",
        f"{_SETTINGS}test_a_modify_keeps_what_it_does_not_name",
    ),
    Behaviour(
        "Unknown settings, values out of range and contradictions are refused",
        "documented",
        "reference/dms.md 6",
        f"{_SETTINGS}test_settings_that_dms_does_not_know_are_refused",
    ),
    Behaviour(
        "The code that refuses wrong settings, and that a contradiction is refused rather than passed over",
        "assumed",
        "reference/dms.md 3.4",
        f"{_SETTINGS}test_settings_that_dms_does_not_know_are_refused",
        "aws dms modify-replication-task --replication-task-arn TASK --replication-task-settings "
        '\'{"FullLoadSettings": {"Speed": 1}}\'',
    ),
    Behaviour(
        "A setting that a load here could not follow",
        "",
        test=f"{_SETTINGS}test_a_setting_that_a_load_cannot_follow_is_named",
        is_refused=True,
    ),
)

LIMITS = (
    Behaviour(
        "Quotas of the account: instances, storage, endpoints, tasks, subnet groups and subnets in each, "
        "subscriptions, certificates; 200 tasks per instance",
        "documented",
        f"{_GUIDE}Limits.html",
        f"{_QUOTAS}test_one_thing_more_than_a_quota_of_the_account_is_refused",
    ),
    Behaviour(
        "100 endpoints per instance are counted as tested pairs",
        "assumed",
        "reference/dms.md 1.1",
        f"{_QUOTAS}test_one_thing_more_than_a_quota_of_the_account_is_refused",
        "aws dms test-connection --replication-instance-arn INSTANCE --endpoint-arn ENDPOINT_101",
    ),
    Behaviour(
        "LOB columns of the tables being loaded take LobMaxSize times 1,000 rows each of the class's memory; beyond it "
        "the task fails out of memory",
        "documented",
        f"{_GUIDE}Tasks.LOBSupport.html",
        f"{_INSTANCES}test_lobs_beyond_the_memory_of_the_instance_fail_the_task",
    ),
    Behaviour(
        "Nothing but LOB columns takes memory, and only what is read at the same moment counts",
        "assumed",
        "reference/dms.md 4.8",
        f"{_INSTANCES}test_lobs_beyond_the_memory_of_the_instance_fail_the_task",
        "aws cloudwatch get-metric-statistics --namespace AWS/DMS --metric-name FreeableMemory "
        "--dimensions Name=ReplicationInstanceIdentifier,Value=INSTANCE --statistics Minimum --period 60 "
        "--start-time START --end-time END",
    ),
    Behaviour(
        "A full disk: the instance is storage-full, its tasks stop for STOPPED_DUE_TO_LOW_DISK, and it takes none "
        "until it has grown. A full load itself takes none of the disk",
        "documented",
        "reference/dms.md 1.4, 3.2",
        f"{_INSTANCES}test_a_full_disk_stops_the_tasks_and_the_instance_takes_no_new_ones_until_it_grows",
    ),
    Behaviour(
        "A reboot fails the running tasks: finished tables stay, the others err",
        "documented",
        f"{_GUIDE}ReplicationInstance.Rebooting.html",
        f"{_INSTANCES}test_a_reboot_in_the_middle_of_a_load_fails_the_task_and_its_unfinished_tables",
    ),
    Behaviour(
        "A change of class or engine fails the running tasks too; tables under way are read to their end first",
        "assumed",
        "reference/dms.md 1.4",
        f"{_INSTANCES}test_a_reboot_in_the_middle_of_a_load_fails_the_task_and_its_unfinished_tables",
        _TASK,
    ),
    Behaviour(
        "Changes of an instance that are not to be applied at once stay pending: no maintenance window opens here",
        "assumed",
        f"{_API}ModifyReplicationInstance.html",
        f"{_INSTANCES}test_a_change_that_may_wait_is_pending_until_one_is_applied_at_once",
        f"{_INSTANCE} --query 'ReplicationInstances[].PendingModifiedValues'",
    ),
    Behaviour(
        "Neither storage nor engine version can be lowered",
        "assumed",
        f"{_API}ModifyReplicationInstance.html",
        f"{_INSTANCES}test_neither_storage_nor_engine_can_be_lowered",
        "aws dms modify-replication-instance --replication-instance-arn INSTANCE --allocated-storage 5",
    ),
    Behaviour(
        "A major step of the engine is refused without AllowMajorVersionUpgrade",
        "documented",
        f"{_API}ModifyReplicationInstance.html",
        f"{_INSTANCES}test_a_major_step_of_the_engine_needs_leave_of_its_own",
    ),
    Behaviour(
        "A version's first two numbers are its major version; the fault that refuses the step",
        "assumed",
        f"{_API}ModifyReplicationInstance.html",
        f"{_INSTANCES}test_a_major_step_of_the_engine_needs_leave_of_its_own",
        "aws dms modify-replication-instance --replication-instance-arn INSTANCE --engine-version NEXT "
        "--no-allow-major-version-upgrade",
    ),
    Behaviour(
        "Subnet groups need subnets of the account's EC2, in one VPC and two zones; an instance that names none is in "
        "`default`, which has no subnets here",
        "documented",
        f"{_GUIDE}ReplicationInstance.VPC.html",
        f"{_INSTANCES}test_a_subnet_group_must_cover_two_zones_with_subnets_that_exist",
    ),
    Behaviour(
        "Default storage of 50 or 100 GB by class; the engine versions 3.5.1 to 3.6.1",
        "assumed",
        "reference/dms.md 1.4",
        f"{_INSTANCES}test_the_storage_of_an_instance_depends_on_its_class",
        "aws dms describe-orderable-replication-instances",
    ),
    Behaviour(
        "Multi-AZ, network type and KMS keys are kept and without effect; PassRole and the account roles are not "
        "checked",
        "assumed",
        f"{_API}CreateReplicationInstance.html",
        _SEQUENCES,
        _INSTANCE,
    ),
    Behaviour(
        "Events of instances and tasks are kept, at most 20,000, and told in EventBridge's form with AWS's numbers: an "
        "instance's life, changes of class, storage, zones and engine, a full disk, a forced failover",
        "documented",
        f"{_GUIDE}EventBridge.html",
        f"{_EVENTS}test_a_run_leaves_its_events_and_eventbridge_is_told_of_the_task",
    ),
    Behaviour(
        "Which of EventBridge's detail types an event of an instance comes under, and its eventType",
        "assumed",
        f"{_GUIDE}EventBridge.html",
        f"{_EVENTS}test_eventbridge_is_told_of_the_life_of_an_instance_under_the_detail_types_of_aws",
        'aws events put-rule --name all-of-dms --event-pattern \'{"source": ["aws.dms"]}\', with a log group as '
        "target; then change an instance's storage",
    ),
    Behaviour(
        "Nothing is told of endpoints, of instances that fail to be created, of keys that are gone, of free storage "
        "that only gets low: none of it happens here",
        "",
        f"{_GUIDE}EventBridge.html",
    ),
    Behaviour(
        "The sentences of events; DescribeEvents looks back one hour",
        "assumed",
        f"{_GUIDE}Events.html",
        f"{_EVENTS}test_events_of_another_time_are_not_shown",
        "aws dms describe-events",
    ),
    Behaviour(
        "Event subscriptions are kept and publish nothing to their topics",
        "",
        test=f"{_EVENTS}test_a_subscription_passes_its_states_and_refuses_what_is_not_there",
    ),
)
