"""One look at an account, for all checks of it: DMS's lists are asked for once, whatever the number of databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError
from pydantic import ValidationError

from cli.checking.asking import AskedAccount, seen
from cli.checking.aws_look import look_at_bucket, look_at_key, look_at_role, look_at_roles_under, look_at_secrets
from cli.checking.dms_look import look_at_dms
from cli.checking.snowflake_look import look_at_snowflake, nothing_seen
from fleet.checks.account.access.account_roles import LOGS_ROLE, VPC_ROLE
from fleet.checks.account.all_checks import ACCOUNT_CHECKS, DATABASE_CHECKS
from fleet.checks.account_facts import AccountFacts, DatabaseFacts, RoleFacts, SecretFacts, Seen, Unseen
from fleet.checks.check import Checked, apply_checks
from fleet.databases import Database, Mode, Registry
from fleet.names import (
    ACCOUNT_WORD,
    CURRENT_REGISTRY,
    ENDPOINT_ROLE_PATH,
    control_bucket,
    data_key_alias,
    endpoint_role_name,
    resource_name,
)
from fleet.warehouse import SNOWFLAKE_ROLE
from lambdas.clients.records import adapter
from lambdas.wiring import Clients

_NOT_ASKED = Unseen("nobody asked")


def account_facts(
    clients: Clients,
    registry: Registry,
    databases: Sequence[Database],
    hear: Callable[[str], object] = lambda _: None,
    *,
    is_whole: bool = True,
) -> AccountFacts:
    """What AWS and Snowflake say now of what *registry* needs. Changes nothing, and raises nothing of boto3's.

    *databases*: those to look at; *hear*: is given each thing that is asked about next. *is_whole*: else nobody asks
    for what is of no single database.
    """
    settings, account = registry.settings, AskedAccount(clients.service)
    hear("the account")
    identity: Seen[str] = seen(account.ask("sts", "get_caller_identity"), lambda answer: answer["Account"])
    why = identity if isinstance(identity, Unseen) else None
    if why is None and identity != settings.account:
        why = Unseen(f"the credentials are of account {identity}, not {settings.account}")
    if why is not None:
        account.give_up(why)
    hear("DMS")
    servers = sorted({registry.server_of(one) for one in databases}, key=lambda one: one.id)
    dms = look_at_dms(account, has_certificates=any(one.certificate for one in servers))
    hear("roles and secrets")
    control = control_bucket(settings.prefix, settings.account)
    in_force = _look_at_registry(account, control)
    roles = _look_at_roles(account, registry, databases, is_whole=is_whole)
    secrets = look_at_secrets(account, [one.secret for one in servers])
    keys = {
        one.key for one in secrets.values() if isinstance(one, SecretFacts) and isinstance(one.key, str) and one.key
    }
    customers = {name: look_at_key(account, name) for name in sorted(keys)}
    facts = AccountFacts(
        registry=registry,
        databases=tuple(databases),
        today=clients.now().date(),
        account=identity,
        in_force=in_force,
        quotas=dms.quotas,
        functions_at_once=_NOT_ASKED,
        landing=_NOT_ASKED,
        control=_NOT_ASKED,
        roles=roles,
        data_key=_NOT_ASKED,
        snowflake_key=_NOT_ASKED,
        secrets=secrets,
        keys=customers,
        endpoints=dms.endpoints,
        tasks=dms.tasks,
        instances=dms.instances,
        connections=dms.connections,
        certificates=dms.certificates,
        assessments=dms.assessments,
        snowflake=nothing_seen(why or _NOT_ASKED),
    )
    if not is_whole:
        return facts
    hear("buckets and keys")
    functions = account.ask("lambda", "get_account_settings")
    facts = replace(
        facts,
        functions_at_once=seen(functions, lambda answer: answer["AccountLimit"]["ConcurrentExecutions"]),
        landing=look_at_bucket(account, settings.landing_bucket),
        control=look_at_bucket(account, control),
        data_key=look_at_key(account, data_key_alias(settings.prefix)),
        snowflake_key=look_at_key(account, settings.snowflake.key_id),
    )
    if why is not None:
        return facts
    hear("Snowflake")
    return replace(facts, snowflake=look_at_snowflake(clients, settings.snowflake))


def check_account_facts(facts: AccountFacts) -> tuple[Checked, ...]:
    """The verdicts about the account."""
    return apply_checks(ACCOUNT_CHECKS, ACCOUNT_WORD, facts)


def check_database_facts(facts: AccountFacts, database: Database) -> tuple[Checked, ...]:
    """The verdicts about one of the databases that were looked at."""
    return apply_checks(DATABASE_CHECKS, database.id, DatabaseFacts(facts, database))


def _look_at_registry(account: AskedAccount, bucket: str) -> Seen[Mapping[str, tuple[Mode, ...]] | None]:
    """The modes of the databases that were onboarded at the last deploy; None where there was none."""
    found = account.find("s3", "get_object", ("NoSuchKey", "NoSuchBucket"), Bucket=bucket, Key=CURRENT_REGISTRY)
    if found is None or isinstance(found, Unseen):
        return found
    try:
        registry: Registry = adapter(Registry).validate_json(found["Body"].read())
    except BotoCoreError as error:
        return Unseen(f"s3://{bucket}/{CURRENT_REGISTRY} could not be read: {error}")
    except ValidationError:
        return Unseen(f"s3://{bucket}/{CURRENT_REGISTRY} is of another version of this project: deploy")
    return {one.id: one.modes for one in registry.databases if one.onboarded}


def _look_at_roles(
    account: AskedAccount, registry: Registry, databases: Sequence[Database], *, is_whole: bool
) -> Mapping[str, Seen[RoleFacts | None]]:
    """By name: the endpoint's role of each of *databases*; *is_whole*: DMS's two and Snowflake's, too."""
    prefix = registry.settings.prefix
    of_endpoints = look_at_roles_under(account, ENDPOINT_ROLE_PATH)
    names = (endpoint_role_name(prefix, one.id) for one in databases)
    found = {name: of_endpoints if isinstance(of_endpoints, Unseen) else of_endpoints.get(name) for name in names}
    if not is_whole:
        return found
    snowflake = resource_name(prefix, SNOWFLAKE_ROLE)
    return {
        **found,
        **{name: look_at_role(account, name, with_policies=True) for name in (VPC_ROLE, LOGS_ROLE)},
        snowflake: look_at_role(account, snowflake),
    }
