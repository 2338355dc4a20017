"""What a machine's role must allow. A role that is not in the account binds nothing: nobody could say what it allows.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/stepfunctions-iam.html (nested executions),
https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (logs); the refusals were observed:
https://github.com/nasa/cumulus/pull/2693, https://github.com/aws/aws-cdk/issues/26432.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.authorization.iam import AccessDeniedError, Roles
from localcloud.in_process_transport import AwsError
from localcloud.stepfunctions.language.state_types import START_EXECUTION

_LOGS = (
    "CreateLogDelivery",
    "GetLogDelivery",
    "UpdateLogDelivery",
    "DeleteLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "DescribeResourcePolicies",
    "DescribeLogGroups",
)
_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


class Permissions:
    """The roles of the machines of one account and Region. *prefix*: of its machines' ARNs."""

    def __init__(self, roles: Roles | None, prefix: str) -> None:
        self._roles = roles
        place = prefix.removeprefix("arn:aws:states:")
        self._rule_arn = f"arn:aws:events:{place}:rule/{_RULE}"

    def require(self, role_arn: str, session: str, action: str, resource_arn: str) -> None:
        """Raise AccessDeniedError unless the role allows *action* on *resource_arn*."""
        role = self._roles.find(role_arn, session) if self._roles is not None else None
        if role is not None:
            role.require(action, resource_arn)

    def allows(self, role_arn: str, session: str, action: str, resource_arn: str) -> bool:
        """Whether the role allows *action* on *resource_arn*."""
        try:
            self.require(role_arn, session, action, resource_arn)
        except AccessDeniedError:
            return False
        return True

    def require_machine(self, role_arn: str, definition: str, settings: Mapping[str, Any]) -> None:
        """Raise AWS's refusal of a machine whose role could not write its log, or not hear of its children's end."""
        logging = settings.get("loggingConfiguration", {"level": "OFF"})
        if logging["level"] != "OFF" and not all(self._may(role_arn, f"logs:{action}", "*") for action in _LOGS):
            raise AwsError(
                "AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination"
            )
        rules = ("events:PutRule", "events:PutTargets", "events:DescribeRule")
        if START_EXECUTION in definition and not all(self._may(role_arn, one, self._rule_arn) for one in rules):
            raise AwsError("AccessDeniedException", f"'{role_arn}' is not authorized to create managed-rule.")

    def _may(self, role_arn: str, action: str, resource_arn: str) -> bool:
        return self.allows(role_arn, "create", action, resource_arn)
