"""The two roles that DMS wants in every account, under names of its own choosing."""

from __future__ import annotations

import json

from fleet.databases import Settings
from orchestration.constructs import toolchain as tf
from orchestration.roles import trust_service

# Source: https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html#CHAP_Security.APIRole (documented).
ROLES = {
    "dms-vpc-role": "AmazonDMSVPCManagementRole",
    "dms-cloudwatch-logs-role": "AmazonDMSCloudWatchLogsRole",
}


class AccountRoles(tf.Construct):
    """Made here, or adopted where the account has them: an account has one of each.

    *attachments*: what DMS's subnet group must wait for; with the role alone it is refused.
    """

    def __init__(self, scope: tf.Construct, settings: Settings) -> None:
        super().__init__(scope, "account-roles")
        self.attachments: list[tf.IamRolePolicyAttachment] = []
        if settings.stack.replication.account_roles == "adopt":
            return
        for name, managed in ROLES.items():
            role = tf.IamRole(self, name, name=name, assume_role_policy=json.dumps(trust_service("dms.amazonaws.com")))
            role.override_logical_id(name.replace("-", "_"))
            attachment = tf.IamRolePolicyAttachment(
                self,
                f"{name}-may",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/service-role/{managed}",
            )
            attachment.override_logical_id(name.replace("-", "_"))
            self.attachments.append(attachment)
