"""What the rest of the local cloud claims: moto's services, IAM's judgement, Lambda, EventBridge, time and sources."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_MOTO = "https://docs.getmoto.org/en/latest/docs/services/"
_EVALUATION = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html"
_CONDITIONS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
_IAM = "tests/unit/local/test_iam.py::"
_EVENTS = "tests/unit/local/test_events.py::"
_DELIVERIES = "tests/contract/test_deliveries.py::"
_CLOCK = "tests/unit/local/test_clock.py::"
_PROTOCOLS = "tests/contract/http/test_http_endpoint.py::test_every_other_service_answers_in_its_own_protocol"
_NIGHT = "tests/contract/http/test_http_night.py::"

# By boto3's name: what of it is worth saying, and the test that uses it.
MOTO = {
    "s3": (
        "",
        "tests/contract/test_shortcuts.py::test_a_conditional_put_is_refused_where_an_object_stands_and_leaves_it",
    ),
    "dynamodb": ("", "tests/contract/test_shortcuts.py::test_of_conditional_puts_at_once_exactly_one_wins"),
    "iam": ("the store; what its policies mean is judged as below", _PROTOCOLS),
    "sts": ("AssumeRole gives credentials for any role", _PROTOCOLS),
    "kms": ("it signs the token for Snowflake", f"{_NIGHT}test_the_warehouse_is_asked_over_the_socket"),
    "secretsmanager": ("", _PROTOCOLS),
    "sns": ("nobody is sent a mail", _PROTOCOLS),
    "sqs": ("", "tests/contract/http/test_http_endpoint.py::test_a_queue_is_reached_by_the_url_it_was_given"),
    "events": ("the rules; what is delivered stands below", _PROTOCOLS),
    "scheduler": ("schedules are kept and start nothing by themselves", _PROTOCOLS),
    "logs": (
        "",
        "tests/contract/dms/test_dms_files_load.py::test_what_is_cut_left_out_or_errs_stands_in_the_tasks_log",
    ),
    "cloudwatch": ("no service here measures anything into it", _PROTOCOLS),
    "ec2": (
        "its subnets are those of DMS's subnet groups",
        "tests/contract/dms/test_dms_instances.py::test_a_subnet_group_must_cover_two_zones_with_subnets_that_exist",
    ),
    "ssm": ("", _PROTOCOLS),
    "resourcegroupstaggingapi": ("it knows moto's resources, not those of DMS and Step Functions", _PROTOCOLS),
}

BY_MOTO = tuple(
    Behaviour(f"{service}: answered by moto, in this process{': ' if note else ''}{note}", "observed", url, test)
    for service, (note, test) in MOTO.items()
    for url in (f"{_MOTO}{service}.html",)
)

BY_MOTO += (
    Behaviour(
        "No rates of Secrets Manager (10,000 values a second), KMS (1,000 signatures), SNS, EventBridge (which delays "
        "and refuses nothing) and DynamoDB's partitions, which a run of 250 databases does not reach; what a refusal "
        "does to a run is shown by the faults throttled-...",
        "",
    ),
)

_CORRECTED = "tests/contract/http/test_moto_corrected.py::"
CORRECTED = (
    Behaviour(
        "A bucket's policy is judged with its conditions; every request counts as one over TLS",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html",
        f"{_CORRECTED}test_a_bucket_that_wants_tls_takes_objects_and_one_that_wants_nobody_takes_none",
    ),
    Behaviour(
        "A rule between two security groups keeps its description",
        "documented",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html",
        f"{_CORRECTED}test_a_rule_between_security_groups_keeps_its_description",
    ),
    Behaviour(
        "AWS's own policies are in the account, as moto has them",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html",
        f"{_CORRECTED}test_awss_own_policies_can_be_attached",
    ),
)

IAM = (
    Behaviour(
        "Identity policies, inline and attached: an Allow is needed and a Deny wins",
        "documented",
        _EVALUATION,
        f"{_IAM}test_a_deny_wins_over_any_allow",
    ),
    Behaviour(
        "Actions, NotAction, resources, NotResource with * and ?, which are no regular expressions",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html",
        f"{_IAM}test_an_arn_is_no_regular_expression",
    ),
    Behaviour(
        "Conditions: String(Not)Equals, String(Not)Like, ArnEquals, Arn(Not)Like, Bool, and each of them IfExists",
        "documented",
        _CONDITIONS,
        f"{_IAM}test_a_condition_on_the_prefix_narrows_a_listing",
    ),
    Behaviour(
        "ForAnyValue and ForAllValues, for keys that have several values",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-"
        "keys.html",
        f"{_IAM}test_a_key_of_several_values_is_compared_value_by_value",
    ),
    Behaviour(
        "Trust policies, with sts:ExternalId; a role that does not exist is refused like one that does not trust",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html",
        f"{_IAM}test_only_the_right_external_id_opens_a_role_that_asks_for_one",
    ),
    Behaviour(
        "Policies of topics, queues and keys are kept, and asked for what services send (below), not for what roles do",
        "",
        _EVALUATION,
    ),
    Behaviour(
        "Permissions boundaries, policy variables, other condition operators",
        "",
        test=f"{_IAM}test_what_is_not_judged_is_refused_by_name",
        is_refused=True,
    ),
)

EVENTS = (
    Behaviour(
        "The id that EventBridge Scheduler gives an invocation has at most 19 characters, so that a night's name and "
        "it name a run",
        "assumed",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html",
        "tests/unit/fleet/test_names.py::"
        "test_the_longest_schedule_names_a_run_also_where_schedulers_ids_are_longer_than_its_example",
        "aws stepfunctions list-executions --state-machine-arn M, after the first night that the schedule started",
    ),
    Behaviour(
        "Status events of Step Functions go to the functions that enabled rules of the default bus name",
        "documented",
        "https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html",
        f"{_EVENTS}test_every_target_of_every_matching_rule_is_told_once_even_after_one_that_failed",
    ),
    Behaviour(
        "Events of DMS's tasks and replication instances go there too, in the form that AWS documents",
        "documented",
        "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_EventBridge.html",
        f"{_NIGHT}test_the_end_of_a_task_is_told_to_a_topic_by_a_rule",
    ),
    Behaviour(
        "A topic of SNS gets the whole event, if its policy lets events.amazonaws.com publish without any condition "
        "key: EventBridge passes none to topics",
        "documented",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions",
        f"{_DELIVERIES}test_a_condition_on_the_source_in_the_topics_policy_keeps_events_away_and_lays_them_aside",
    ),
    Behaviour(
        "The key of such a topic is asked as well (kms:GenerateDataKey, kms:Decrypt), again without any condition key",
        "documented",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        f"{_DELIVERIES}test_a_condition_on_the_source_in_the_keys_policy_keeps_events_away_and_lays_them_aside",
    ),
    Behaviour(
        "A topic under AWS's own key (alias/aws/sns) is reached by no rule and no alarm",
        "documented",
        "https://repost.aws/knowledge-center/sns-not-getting-eventbridge-notification",
        f"{_DELIVERIES}test_a_topic_under_awss_own_key_is_reached_by_no_rule",
    ),
    Behaviour(
        "A queue of SQS as a rule's target or dead-letter queue: its policy is asked, with aws:SourceArn",
        "documented",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
        f"{_DELIVERIES}test_a_rule_reaches_a_queue_whose_policy_names_it",
    ),
    Behaviour(
        "One delivery and no second try (AWS tries for 24 hours); to Lambda functions, topics and queues only",
        "",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html",
        f"{_EVENTS}test_every_target_of_every_matching_rule_is_told_once_even_after_one_that_failed",
    ),
    Behaviour(
        "An event that may not be delivered goes to the target's dead-letter queue with RULE_ARN, TARGET_ARN, "
        "ERROR_CODE and ERROR_MESSAGE",
        "documented",
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
        f"{_DELIVERIES}test_a_condition_on_the_source_in_the_topics_policy_keeps_events_away_and_lays_them_aside",
    ),
    Behaviour(
        "What PutEvents brings is matched and delivered by moto, which asks no policy",
        "",
    ),
    Behaviour(
        "A schedule is carried out when it is asked for (LocalCloud.schedules), once: StartExecution or a function, "
        "with its role, whose trust is passed aws:SourceAccount and the group as aws:SourceArn",
        "documented",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html",
        f"{_DELIVERIES}test_a_schedule_starts_its_run_by_name_and_slot",
    ),
    Behaviour(
        "What a schedule cannot call goes to its dead-letter queue, with the schedule's own role",
        "documented",
        "https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html",
        f"{_DELIVERIES}test_a_schedule_that_cannot_start_its_run_leaves_a_message_in_the_queue_of_missed_nights",
    ),
    Behaviour(
        "SetAlarmState carries out the alarm's actions on topics where it changes the state; topic and key are asked, "
        "with aws:SourceAccount and aws:SourceArn. Other actions are not carried out",
        "documented",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html",
        f"{_DELIVERIES}test_an_alarm_of_the_fleet_reaches_a_subscriber_of_the_encrypted_topic",
    ),
)

TIME = (
    Behaviour(
        "One clock for DMS, Step Functions and Snowflake: real, scaled, or virtual, which skips a wait while nothing "
        "works",
        "",
        test=f"{_CLOCK}test_no_wait_is_skipped_while_work_is_under_way",
    ),
    Behaviour("One process, in memory: the cloud itself never crashes, nor does one of its zones", ""),
)

SOURCES = (
    Behaviour(
        "PostgreSQL is a real one",
        "observed",
        "reference/engines.md 1",
        "tests/contract/sources/test_sources_postgres.py::test_the_login_of_a_secret_reads_every_table_and_writes_none",
    ),
    Behaviour(
        "MariaDB is a real one, where this machine has it",
        "observed",
        "https://packages.debian.org/mariadb-server",
        "tests/contract/sources/test_sources_mariadb.py::test_the_login_of_a_secret_reads_everything_and_writes_nothing",
    ),
    Behaviour("SQL Server: none was ever reached; its answers are of the shape that Microsoft documents", ""),
)
