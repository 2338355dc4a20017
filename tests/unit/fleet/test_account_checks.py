"""Each check of an account and of a database in it: facts that pass it, facts that do not, and what nobody saw."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from cases import SETTINGS
from fleet.checks.account.all_checks import ACCOUNT_CHECKS, DATABASE_CHECKS
from fleet.checks.account_facts import (
    AccountFacts,
    AssessmentFacts,
    BucketFacts,
    ConnectionFacts,
    DatabaseFacts,
    EndpointFacts,
    GrantFacts,
    InstanceFacts,
    IntegrationFacts,
    KeyFacts,
    QuotaFacts,
    RoleFacts,
    SecretFacts,
    SnowflakeFacts,
    TaskFacts,
    Trusted,
    Unseen,
)
from fleet.checks.check import Check, Judged
from fleet.databases import Database, Registry, Server
from fleet.stack_settings import Replication, StackSettings, Trust

USER, KEY, CERTIFICATE = "arn:aws:iam::999999999999:user/abc", "arn:aws:kms:r:1:key/abc", "arn:aws:dms:r:1:cert:A"
TRUSTED = replace(SETTINGS, stack=StackSettings(snowflake_trust=Trust(USER, "fleet-0001")))
SERVER = Server("erp", "postgresql", "fleet/server/erp", KEY, "verify-full", CERTIFICATE)
SHOP = Database("shop", "erp", "Shop", "one", ("public",), onboarded=True, deltas=True)
REGISTRY = Registry(TRUSTED, (SERVER,), (SHOP,))
DMS = RoleFacts((Trusted("dms.amazonaws.com"),), ("may",))
BUCKET = BucketFacts("eu-central-1", True, KEY, True, True, 14)
NOBODY = Unseen("AccessDenied")
LOADER = (
    ("USAGE", "WAREHOUSE", "FLEET_LOADING"),
    ("USAGE", "DATABASE", "FLEET"),
    ("CREATE SCHEMA", "DATABASE", "FLEET"),
    ("USAGE", "SCHEMA", "FLEET.OPS"),
    ("USAGE", "STAGE", "FLEET.OPS.LANDING"),
    ("USAGE", "FILE_FORMAT", "FLEET.OPS.DMS_PARQUET"),
    ("SELECT", "TABLE", "FLEET.OPS.APPLIED"),
    ("INSERT", "TABLE", "FLEET.OPS.APPLIED"),
    ("OWNERSHIP", "TABLE", "FLEET.OPS.READINGS"),
)
READER = (("USAGE", "DATABASE", "FLEET"), ("USAGE", "SCHEMA", "FLEET.OPS"), ("SELECT", "VIEW", "FLEET.OPS.FRESHNESS"))
FUTURE = (("USAGE", "SCHEMA", "FLEET.<SCHEMA>"), ("SELECT", "TABLE", "FLEET.<TABLE>"))
LANDING_ROLE = "arn:aws:iam::123456789012:role/fleet-snowflake-read"


def granted(*rows: tuple[str, str, str]) -> tuple[GrantFacts, ...]:
    return tuple(GrantFacts(*row) for row in rows)


SNOWFLAKE = SnowflakeFacts(
    "",
    granted(*LOADER),
    granted(*READER),
    granted(*FUTURE),
    IntegrationFacts(True, LANDING_ROLE, USER, "fleet-0001", ("s3://fleet-landing-123456789012/",)),
    "",
)
GOOD = AccountFacts(
    registry=REGISTRY,
    databases=(SHOP,),
    today=date(2026, 12, 1),
    account="123456789012",
    in_force={"shop": ("full", "delta")},
    quotas={
        "ReplicationInstances": QuotaFacts(3, 60),
        "AllocatedStorage": QuotaFacts(300, 30_000),
        "Endpoints": QuotaFacts(10, 1_000),
    },
    functions_at_once=1_000,
    landing=BUCKET,
    control=BUCKET,
    roles={
        "dms-vpc-role": DMS,
        "dms-cloudwatch-logs-role": DMS,
        "fleet-snowflake-read": RoleFacts((Trusted(USER, "fleet-0001"),)),
        "fleet-shop-s3": RoleFacts((Trusted("dms.amazonaws.com"),)),
    },
    data_key=KeyFacts("Enabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"),
    snowflake_key=KeyFacts("Enabled", "SIGN_VERIFY", "RSA_2048"),
    secrets={"fleet/server/erp": SecretFacts("", KEY)},
    keys={KEY: KeyFacts("Enabled", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")},
    endpoints={
        "fleet-shop-source": EndpointFacts("source", "active", "verify-full", CERTIFICATE),
        "fleet-shop-target": EndpointFacts("target", "active", "none", ""),
    },
    tasks={name: TaskFacts(name, "one", "stopped") for name in ("fleet-shop-full", "fleet-shop-cdc")},
    instances={"fleet-one": InstanceFacts("one", "available", 100)},
    connections={("one", name): ConnectionFacts("successful", "") for name in ("source", "target")},
    certificates={CERTIFICATE: date(2030, 1, 1)},
    assessments={"fleet-shop-full": AssessmentFacts("passed", date(2026, 11, 30), ())},
    snowflake=SNOWFLAKE,
)
CHECKS: dict[str, Check[Any]] = {one.code: one for one in (*ACCOUNT_CHECKS, *DATABASE_CHECKS)}


def judge(code: str, facts: AccountFacts) -> Judged | None:
    if code in {one.code for one in DATABASE_CHECKS}:
        return CHECKS[code].judge(DatabaseFacts(facts, SHOP))
    return CHECKS[code].judge(facts)


def role(name: str, found: RoleFacts | Unseen | None) -> AccountFacts:
    return replace(GOOD, roles={**GOOD.roles, name: found})


def bucket(**changed: Any) -> AccountFacts:
    return replace(GOOD, landing=replace(BUCKET, **changed), control=replace(BUCKET, **changed))


def snowflake(**changed: Any) -> AccountFacts:
    return replace(GOOD, snowflake=replace(SNOWFLAKE, **changed))


def integration(**changed: Any) -> AccountFacts:
    assert isinstance(SNOWFLAKE.integration, IntegrationFacts)
    return snowflake(integration=replace(SNOWFLAKE.integration, **changed))


def quota(name: str, used: int, most: int) -> AccountFacts:
    assert not isinstance(GOOD.quotas, Unseen)
    return replace(GOOD, quotas={**GOOD.quotas, name: QuotaFacts(used, most)})


def secret(**changed: Any) -> AccountFacts:
    return replace(GOOD, secrets={"fleet/server/erp": replace(SecretFacts("", KEY), **changed)})


def connection(side: str, *found: str) -> AccountFacts:
    connections = {} if not found else {("one", side): ConnectionFacts(*found)}
    return replace(GOOD, connections=connections)


def settled(**changed: Any) -> AccountFacts:
    return replace(GOOD, registry=replace(REGISTRY, settings=replace(TRUSTED, **changed)))


WRONG: dict[str, list[tuple[AccountFacts, str, str]]] = {
    "AWS-ACCOUNT": [(replace(GOOD, account="1"), "failed", "of account 1, the registry says 123456789012")],
    "AWS-DMS-INSTANCES": [(quota("ReplicationInstances", 61, 60), "failed", "1 needed, 60 of others, 60 allowed")],
    "AWS-DMS-STORAGE": [(quota("AllocatedStorage", 200, 150), "failed", "100 needed, 100 of others, 150 allowed")],
    "AWS-DMS-ENDPOINTS": [
        (quota("Endpoints", 1_001, 1_000), "failed", "2 needed, 999 of others, 1,000 allowed"),
        (quota("Endpoints", 2, 500), "failed", "`limits` says 1,000"),
        (quota("Endpoints", 2, 2_000), "remark", "`limits` says 1,000"),
    ],
    "AWS-DMS-TASKS": [
        (
            replace(GOOD, tasks={str(one): TaskFacts("", "", "") for one in range(599)}),
            "failed",
            "2 needed, 599 of others, 600 by limits.dms_tasks",
        )
    ],
    "AWS-LAMBDA-AT-ONCE": [(replace(GOOD, functions_at_once=10), "remark", "10 at once")],
    "AWS-DMS-VPC-ROLE": [
        (role("dms-vpc-role", None), "failed", "not there, though the fleet is deployed: role"),
        (role("dms-vpc-role", RoleFacts((Trusted("ec2.amazonaws.com"),), ("may",))), "failed", "trusts ec2"),
        (role("dms-vpc-role", RoleFacts(DMS.trusted, ())), "failed", "has no policy"),
        (
            replace(
                settled(stack=StackSettings(replication=Replication(account_roles="adopt"))),
                roles={**GOOD.roles, "dms-vpc-role": None},
                in_force=None,
            ),
            "failed",
            "account_roles: adopt says that it is",
        ),
    ],
    "AWS-DMS-LOGS-ROLE": [(role("dms-cloudwatch-logs-role", None), "failed", "role 'dms-cloudwatch-logs-role'")],
    "AWS-DATA-KEY": [
        (
            replace(GOOD, data_key=KeyFacts("PendingDeletion", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")),
            "failed",
            "'alias/fleet-data' is PendingDeletion, wanted Enabled",
        )
    ],
    "AWS-LANDING-BUCKET": [
        (replace(GOOD, landing=None), "failed", "not there, though"),
        (replace(GOOD, landing=None, in_force=None, instances={}), "remark", "nothing is deployed yet"),
        (bucket(region="us-east-1"), "failed", "is in us-east-1, the registry says eu-central-1"),
    ],
    "AWS-CONTROL-BUCKET": [(replace(GOOD, control=None), "failed", "bucket 'fleet-control-123456789012'")],
    "AWS-BUCKETS-PRIVATE": [(bucket(is_private=False), "failed", "not blocked in all four ways")],
    "AWS-BUCKETS-ENCRYPTED": [
        (bucket(key=""), "remark", "no KMS key encrypts: fleet-landing-123456789012, fleet-control-123456789012")
    ],
    "AWS-BUCKETS-TLS": [(bucket(is_tls_only=False), "remark", "without TLS is answered")],
    "AWS-LANDING-KEPT": [
        (bucket(expires_days=0), "remark", "kept for ever"),
        (bucket(expires_days=3), "failed", "kept for 3 days, the registry says 14"),
        (bucket(expires_days=30), "remark", "kept for 30 days"),
    ],
    "AWS-CONTROL-VERSIONS": [(bucket(keeps_versions=False), "remark", "no versions are kept")],
    "AWS-SNOWFLAKE-KEY": [
        (replace(GOOD, snowflake_key=KeyFacts("Disabled", "SIGN_VERIFY", "RSA_2048")), "failed", "is Disabled"),
        (replace(GOOD, snowflake_key=KeyFacts("Enabled", "SIGN_VERIFY", "ECC_NIST_P256")), "failed", "with RSA_2048"),
        (replace(GOOD, snowflake_key=None), "failed", "key 'alias/fleet-snowflake'"),
    ],
    "AWS-SNOWFLAKE-TRUST": [
        (
            role("fleet-snowflake-read", RoleFacts((Trusted(USER, "other"),))),
            "failed",
            f"trusts {USER} with external id 'other'; wanted {USER} with external id 'fleet-0001'",
        ),
        (role("fleet-snowflake-read", None), "failed", "not there, though"),
        (settled(stack=StackSettings()), "remark", "names no user of Snowflake's"),
    ],
    "SNOW-SIGN-IN": [(snowflake(refused="Snowflake answered 401"), "failed", "answered 401")],
    "SNOW-LOADER-RIGHTS": [
        (snowflake(loader=granted(*LOADER[1:])), "failed", "lacks USAGE on WAREHOUSE FLEET_LOADING"),
        (snowflake(loader=granted(*LOADER[1:], ("USAGE", "ROLE", "ALL"))), "unknown", "or has it by ALL"),
    ],
    "SNOW-READER-RIGHTS": [
        (snowflake(reader=granted(*READER[:-1])), "remark", "lacks SELECT on VIEW FLEET.OPS.FRESHNESS"),
        (snowflake(future=granted(*FUTURE[:-1])), "remark", "lacks SELECT on future tables of FLEET"),
        (snowflake(future=NOBODY), "unknown", "AccessDenied"),
    ],
    "SNOW-INTEGRATION": [
        (integration(external_id="x"), "failed", "STORAGE_AWS_EXTERNAL_ID is 'x', wanted 'fleet-0001'"),
        (integration(is_enabled=False), "failed", "ENABLED is False"),
        (integration(user_arn="another"), "failed", "STORAGE_AWS_IAM_USER_ARN is 'another'"),
        (integration(role_arn="r"), "failed", f"STORAGE_AWS_ROLE_ARN is 'r', wanted '{LANDING_ROLE}'"),
        (integration(locations=("s3://x/",)), "failed", "STORAGE_ALLOWED_LOCATIONS is s3://x/"),
        (snowflake(integration=NOBODY, landing_refused=NOBODY), "unknown", "AccessDenied"),
        (snowflake(integration=NOBODY), "passed", "reads the bucket by it"),
    ],
    "SNOW-LANDING-READ": [
        (snowflake(landing_refused="Error assuming AWS_ROLE"), "failed", "assuming"),
        (replace(snowflake(landing_refused="no stage"), in_force=None, instances={}), "remark", "no stage"),
    ],
    "AWS-SECRET": [
        (secret(complaint="secret 's' cannot be used: it has no `password`"), "failed", "no `password`"),
        (replace(GOOD, secrets={"fleet/server/erp": None}), "failed", "does not exist"),
    ],
    "AWS-SECRET-KEY": [
        (secret(key="arn:aws:kms:r:1:key/other"), "failed", "key/other does not exist"),
        (secret(key=""), "remark", "under Secrets Manager's own key, not under"),
        (replace(GOOD, keys={KEY: KeyFacts("Disabled", "", "")}), "failed", "is Disabled"),
        (
            replace(GOOD, registry=replace(REGISTRY, servers=(replace(SERVER, secret_key=""),))),
            "failed",
            "server 'erp' names no secret_key",
        ),
        (
            replace(GOOD, registry=replace(REGISTRY, servers=(replace(SERVER, secret_key="arn:aws:kms:r:1:key/b"),))),
            "failed",
            "server 'erp' says arn:aws:kms:r:1:key/b",
        ),
    ],
    "AWS-CERTIFICATE": [
        (replace(GOOD, certificates={}), "failed", "is not in DMS"),
        (replace(GOOD, certificates={CERTIFICATE: date(2026, 11, 30)}), "failed", "until 2026-11-30"),
        (replace(GOOD, certificates={CERTIFICATE: date(2026, 12, 20)}), "remark", "until 2026-12-20"),
    ],
    "AWS-ENDPOINT-ROLE": [
        (role("fleet-shop-s3", None), "failed", "not there, though the database is deployed: role"),
        (role("fleet-shop-s3", RoleFacts(())), "failed", "trusts nobody"),
    ],
    "AWS-ENDPOINTS": [
        (replace(GOOD, endpoints={}), "failed", "deployed: endpoint fleet-shop-source, fleet-shop-target"),
        (replace(GOOD, endpoints={}, in_force=NOBODY), "unknown", "nobody could see what is deployed: endpoint"),
        (replace(GOOD, endpoints={}, in_force={}), "remark", "the database is not deployed yet: endpoint"),
        (
            replace(
                GOOD,
                endpoints={
                    "fleet-shop-source": EndpointFacts("source", "failed", "none", ""),
                    "fleet-shop-target": EndpointFacts("target", "active", "none", ""),
                },
            ),
            "failed",
            "fleet-shop-source is failed",
        ),
        (
            replace(GOOD, registry=replace(REGISTRY, servers=(replace(SERVER, ssl_mode="require"),))),
            "failed",
            "has ssl_mode verify-full, the registry says require",
        ),
    ],
    "AWS-TASKS": [
        (
            replace(GOOD, tasks={"fleet-shop-full": TaskFacts("", "one", "ready")}, in_force={"shop": ("full",)}),
            "remark",
            "mode delta is not deployed yet: task fleet-shop-cdc",
        ),
        (
            replace(GOOD, tasks={"fleet-shop-full": TaskFacts("", "one", "ready")}),
            "failed",
            "deployed: task fleet-shop-cdc",
        ),
        (replace(GOOD, instances={}), "failed", "deployed: replication instance fleet-one"),
        (
            replace(GOOD, instances={"fleet-one": InstanceFacts("two", "available", 100)}),
            "failed",
            "is on another instance than fleet-one",
        ),
        (
            replace(GOOD, instances={"fleet-one": InstanceFacts("one", "storage-full", 100)}),
            "failed",
            "fleet-one is storage-full, wanted available",
        ),
        (
            replace(
                GOOD, tasks={name: TaskFacts("", "one", "failed") for name in ("fleet-shop-full", "fleet-shop-cdc")}
            ),
            "remark",
            "failed when it ran last",
        ),
    ],
    "AWS-SOURCE-CONNECTION": [
        (connection("source", "failed", "timeout expired"), "failed", "failed: timeout expired"),
        (connection("source"), "remark", "was never tested"),
        (connection("source", "testing", ""), "unknown", "look again"),
    ],
    "AWS-TARGET-CONNECTION": [
        (connection("target", "failed", "Access Denied"), "failed", "fleet-shop-target failed: Access Denied"),
    ],
    "AWS-ASSESSMENT": [
        (
            replace(
                GOOD,
                assessments={"fleet-shop-full": AssessmentFacts("failed", date(2026, 11, 30), ("pk-check failed",))},
            ),
            "remark",
            "the assessment of 2026-11-30 of fleet-shop-full: failed (pk-check failed)",
        ),
        (
            replace(GOOD, assessments={"fleet-shop-full": AssessmentFacts("warning", None, NOBODY)}),
            "remark",
            "which items, nobody could see: AccessDenied",
        ),
    ],
}


def test_every_check_has_facts_that_it_does_not_pass() -> None:
    assert set(WRONG) == set(CHECKS)
    assert len(CHECKS) == len(ACCOUNT_CHECKS) + len(DATABASE_CHECKS), "a code is there twice"


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_passes_where_all_is_right(code: str) -> None:
    judged = judge(code, GOOD)
    assert judged is not None
    assert judged.verdict == "passed", judged.found


@pytest.mark.parametrize(
    ("code", "facts", "verdict", "words"), [(code, *one) for code, ones in WRONG.items() for one in ones]
)
def test_a_check_names_what_is_wrong(code: str, facts: AccountFacts, verdict: str, words: str) -> None:
    judged = judge(code, facts)
    assert judged is not None
    assert (judged.verdict, words in judged.found) == (verdict, True), judged


def test_what_nobody_could_ask_is_unknown_or_left_to_the_check_that_says_so() -> None:
    """Without a single fact no check passes, fails or dies, and those that need them say why they could not look."""
    known = {"registry", "databases", "today", "roles", "secrets", "keys", "snowflake"}
    blind = replace(
        GOOD,
        **{one.name: NOBODY for one in fields(AccountFacts) if one.name not in known},
        roles=dict.fromkeys(GOOD.roles, NOBODY),
        secrets={"fleet/server/erp": NOBODY},
        snowflake=SnowflakeFacts(*[NOBODY] * 6),
    )
    said = {code: judge(code, blind) for code in CHECKS}
    assert {one.verdict for one in said.values() if one} == {"unknown"}
    silent = {code for code, one in said.items() if one is None}
    assert silent == {
        *("AWS-BUCKETS-PRIVATE", "AWS-BUCKETS-ENCRYPTED", "AWS-BUCKETS-TLS", "AWS-LANDING-KEPT"),
        *("AWS-CONTROL-VERSIONS", "AWS-SECRET-KEY"),
    }


@pytest.mark.parametrize("code", CHECKS)
def test_a_check_says_why_what_to_do_and_by_whose_word(code: str) -> None:
    check = CHECKS[code]
    assert check.reason.endswith(".")
    assert check.remedy.endswith(".")
    assert check.source.startswith(("https://docs.aws.amazon.com/", "https://docs.snowflake.com/", "docs/"))
