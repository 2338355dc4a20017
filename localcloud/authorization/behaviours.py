"""What the judgement of calls claims of itself."""

from __future__ import annotations

from localcloud.authorization.operations import OPERATIONS, PAGES
from localcloud.behaviours import Behaviour

_JUDGED = "tests/contract/http/test_judged_calls.py::"
_ROLES = "tests/night/test_function_roles.py::"
_DENIED = f"{_JUDGED}test_a_call_that_the_role_does_not_allow_is_refused_in_the_services_own_form"


def _operations(service: str, page: str) -> Behaviour:
    names = ", ".join(sorted(operation for one, operation in OPERATIONS if one == service))
    return Behaviour(f"{service}: {names}", "documented", page, _DENIED)


BEHAVIOURS = (
    Behaviour(
        "A request that is signed with the credentials of a role's session is judged by the role's policies, as they "
        "were last written, before it reaches the service",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
        f"{_JUDGED}test_a_change_of_the_role_counts_from_the_next_call_on",
    ),
    *(_operations(service, page) for service, page in PAGES.items()),
    Behaviour(
        "Whoever signs with any other credentials is the account's administrator, and is not judged; nor is anything "
        "in this process, the functions of `fleet demo` among them",
        "",
        test=f"{_JUDGED}test_everyone_may_ask_who_they_are_and_who_signs_otherwise_is_not_bound",
    ),
    Behaviour(
        "An operation that no function of the product calls: NotEmulated, whatever the role allows",
        "",
        test=f"{_JUDGED}test_what_nobody_looked_up_is_refused_and_never_passed",
        is_refused=True,
    ),
    Behaviour(
        "Denied, in IAM's words: AccessDeniedException with 400 (Lambda: 403), S3's AccessDenied and SNS's "
        "AuthorizationError with 403",
        "observed",
        "https://github.com/awslabs/aws-deployment-framework/issues/460",
        _DENIED,
    ),
    Behaviour(
        "An object that is missing is denied to whom may not list its bucket",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html",
        f"{_JUDGED}test_who_may_not_list_is_denied_what_is_not_there",
    ),
    Behaviour(
        "Objects under a key of the account's: kms:Decrypt to read, kms:GenerateDataKey to write, through S3; by the "
        "bucket's encryption as it is now, whatever the object was written with",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
        f"{_JUDGED}test_objects_at_rest_under_a_key_need_that_key_too",
    ),
    Behaviour(
        "A table under a key of the account's: kms:Decrypt through DynamoDB at each call, which AWS remembers for some "
        "minutes; a topic: kms:GenerateDataKey and kms:Decrypt through SNS, else KMSAccessDenied",
        "documented",
        "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
        f"{_JUDGED}test_a_table_and_a_topic_under_a_key_need_that_key_too",
    ),
    Behaviour(
        "A key is judged by its own ARN and all of its aliases (kms:ResourceAliases), however it was named",
        "documented",
        "https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html",
        f"{_JUDGED}test_a_key_is_found_by_its_alias_and_judged_by_it",
    ),
    Behaviour(
        "Tags of DMS's resources (aws:ResourceTag), and iam:PassRole for a role that an endpoint is given",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html",
        f"{_JUDGED}test_an_endpoints_tag_and_the_role_that_it_is_given_are_asked_for",
    ),
    Behaviour(
        "Each resource that an action requires must be allowed: an endpoint and an instance to test a connection",
        "documented",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-"
        "contextkeys.html",
        f"{_JUDGED}test_a_test_needs_leave_for_the_endpoint_and_for_the_instance",
    ),
    Behaviour(
        "The roles of the product's functions allow what a good night calls, and no action that none would miss",
        "",
        test=f"{_ROLES}test_a_role_without_any_one_of_its_actions_is_denied_it_in_a_good_night",
    ),
    Behaviour(
        "Condition keys that are passed: s3:prefix, dynamodb:EnclosingOperation, iam:PassedToService, kms:ViaService, "
        "kms:ResourceAliases, kms:RequestAlias, kms:CallerAccount, DMS's aws:ResourceTag; a condition on any other "
        "finds none",
        "",
    ),
    Behaviour("Policies of keys, queues and topics are kept, and not asked for what a role's session does", ""),
    Behaviour(
        "Sessions with a policy of their own, certificates of DMS's endpoints, S3 requests that name an encryption",
        "",
        is_refused=True,
    ),
)
