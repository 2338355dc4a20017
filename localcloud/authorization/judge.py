"""Whether the caller may do so: who signs with the credentials of a role's session is bound by that role.

Every other caller is believed to be the account's administrator, and none of the clients in this process is judged.
"""

from __future__ import annotations

from collections.abc import Callable

import localcloud.moto_import  # noqa: F401

from moto.sts.models import sts_backends

from localcloud.authorization.facts import Facts
from localcloud.authorization.iam import AccessDeniedError, Roles
from localcloud.authorization.needs import Need, Parameters
from localcloud.authorization.operations import ask_of
from localcloud.aws import ACCOUNT
from localcloud.in_process_transport import AwsError, NotEmulatedError

# Where a service does not say AccessDeniedException with 400. Source of S3's:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; of SNS's:
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html; Lambda's status was observed
# (https://github.com/awslabs/aws-deployment-framework/issues/460).
_DENIED = {
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "lambda": ("AccessDeniedException", 403),
}


class Judge:
    """Judges the calls of one account."""

    def __init__(self, facts: Facts, roles: Roles) -> None:
        self._facts = facts
        self._roles = roles

    def require(self, access_key: str, service: str, operation: str, read_parameters: Callable[[], Parameters]) -> None:
        """Let *operation* of *service* (boto3's name) pass, or refuse it as the service would.

        Raises:
            AwsError: The role of *access_key*'s session may not, in the service's own code.
            NotEmulatedError: What the operation needs is not known here.
        """
        session = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
        if session is None:
            return
        if session.policy:
            raise NotEmulatedError("a session of a role with a policy of its own")
        ask = ask_of(service, operation)
        needs = list(ask(read_parameters(), self._facts))
        if not needs:
            return
        role = self._roles.find(session.role_arn, session.session_name)
        if role is None:
            raise AwsError(*_in_words_of(service, needs[0], f"the role {session.role_arn} does not exist"))
        for need in needs:
            try:
                role.require(need.action, need.resource, need.context)
            except AccessDeniedError as error:
                raise AwsError(*_in_words_of(service, need, error.message)) from None


def _in_words_of(service: str, need: Need, message: str) -> tuple[str, str, int]:
    """Code, message and status of a refusal for lack of *need*."""
    if service == "sns" and need.action.startswith("kms:"):
        return "KMSAccessDenied", message, 400
    code, status = _DENIED.get(service, ("AccessDeniedException", 400))
    return code, message, status
