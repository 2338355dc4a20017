"""All checks of an account, and of a database in it, in the order in which a person mends what they find."""

from __future__ import annotations

from fleet.checks.account.access import data_key, logs_role, signed_in, snowflake_key, snowflake_trust, vpc_role
from fleet.checks.account.buckets import control, control_versions, encrypted, landing, landing_kept, private, tls_only
from fleet.checks.account.database import (
    assessment,
    certificate,
    endpoint_role,
    endpoints,
    secret,
    secret_key,
    source_connection,
    target_connection,
    tasks,
)
from fleet.checks.account.quotas import dms_endpoints, dms_instances, dms_storage, dms_tasks, functions_at_once
from fleet.checks.account.snowflake import integration, landing_read, loader_rights, reader_rights, sign_in
from fleet.checks.account_facts import AccountFacts, DatabaseFacts
from fleet.checks.check import Check

ACCOUNT_CHECKS: tuple[Check[AccountFacts], ...] = tuple(
    module.CHECK
    for module in (
        signed_in,
        dms_instances,
        dms_storage,
        dms_endpoints,
        dms_tasks,
        functions_at_once,
        vpc_role,
        logs_role,
        data_key,
        landing,
        control,
        private,
        encrypted,
        tls_only,
        landing_kept,
        control_versions,
        snowflake_key,
        snowflake_trust,
        sign_in,
        loader_rights,
        reader_rights,
        integration,
        landing_read,
    )
)
DATABASE_CHECKS: tuple[Check[DatabaseFacts], ...] = tuple(
    module.CHECK
    for module in (
        secret,
        secret_key,
        certificate,
        endpoint_role,
        endpoints,
        tasks,
        source_connection,
        target_connection,
        assessment,
    )
)
