"""`fleet check account` against a local cloud: where everything is there, and where much of it is broken at once."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError, NoCredentialsError
from urllib3.exceptions import HTTPError

from cases import SETTINGS, Cases
from cli.check_output import CheckedDatabase, judge, lines
from cli.checking.account import account_facts, check_account_facts, check_database_facts
from cli.checking.asking import MOST_PAGES, AskedAccount
from cli.checking.dms_look import look_at_dms
from fleet.checks.account.all_checks import ACCOUNT_CHECKS, DATABASE_CHECKS
from fleet.checks.account_facts import AccountFacts, Unseen
from fleet.checks.check import Checked
from fleet.databases import Registry
from fleet.errors import MalformedIdError
from fleet.names import (
    control_bucket,
    data_key_alias,
    require_database_id,
    source_endpoint_id,
    target_endpoint_id,
    task_id,
)
from fleet.stack_settings import StackSettings, Trust
from lambdas.wiring import Clients
from local.deploy import EXTERNAL_ID, snowflake_user_arn
from localcloud.snowflake.transport import InProcessTransport
from orchestration.roles import policy, trust_service, trust_snowflake
from said import Fleet

CASE_COUNT = 2
WHOLE, BROKEN = "case-01", "case-02"
LANDING, CONTROL = SETTINGS.landing_bucket, control_bucket(SETTINGS.prefix, SETTINGS.account)
PAGE = Path(__file__).parents[3] / "docs/deploy.md"
# S3's actions have other names than its operations; of all others they are alike.
S3_ACTIONS = {
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
}


BREAKS = [
    ("account", "AWS-DMS-VPC-ROLE", "failed", "not there, though the fleet is deployed: role 'dms-vpc-role'"),
    ("account", "AWS-DMS-LOGS-ROLE", "failed", "has no policy"),
    ("account", "AWS-DATA-KEY", "failed", "'alias/fleet-data' is Disabled"),
    ("account", "AWS-BUCKETS-PRIVATE", "failed", f"ways: {CONTROL}"),
    ("account", "AWS-BUCKETS-ENCRYPTED", "remark", f"encrypts: {CONTROL}"),
    ("account", "AWS-BUCKETS-TLS", "remark", f"too: {LANDING}"),
    ("account", "AWS-LANDING-KEPT", "remark", "for ever"),
    ("account", "AWS-CONTROL-VERSIONS", "remark", "no versions"),
    ("account", "AWS-SNOWFLAKE-TRUST", "failed", "with external id 'somebody-elses'; wanted"),
    ("account", "SNOW-LOADER-RIGHTS", "failed", "FLEET_LOADER lacks USAGE on WAREHOUSE FLEET_LOADING"),
    ("account", "SNOW-READER-RIGHTS", "remark", "FLEET_READER lacks SELECT on future tables of FLEET"),
    ("account", "SNOW-LANDING-READ", "failed", "Error assuming AWS_ROLE"),
    (WHOLE, "AWS-SOURCE-CONNECTION", "failed", "the last test of fleet-case-01-source failed: "),
    (WHOLE, "AWS-ASSESSMENT", "remark", "fleet-case-01-full: error-executing ("),
    (BROKEN, "AWS-SECRET", "failed", "it has no `password`"),
    (BROKEN, "AWS-ENDPOINT-ROLE", "failed", "trusts lambda.amazonaws.com, not dms.amazonaws.com"),
    (BROKEN, "AWS-ENDPOINTS", "failed", "though the database is deployed: endpoint fleet-case-02-target"),
    (BROKEN, "AWS-TASKS", "failed", "though the database is deployed: task fleet-case-02-full"),
]


def check_facts(facts: AccountFacts) -> tuple[Checked, ...]:
    of_databases = (one for each in facts.databases for one in check_database_facts(facts, each))
    return (*check_account_facts(facts), *of_databases)


class Deployed:
    """The cloud of the cases as the stack would leave it, and what the checks say of it."""

    def __init__(self, cases: Cases) -> None:
        self.cases, self.client = cases, cases.cloud.clients.service
        trust = Trust(snowflake_user_arn(SETTINGS), EXTERNAL_ID)
        self.registry = replace(cases.registry, settings=replace(SETTINGS, stack=StackSettings(snowflake_trust=trust)))
        self.asked: set[str] = set()
        for name in (WHOLE, BROKEN):
            cases.take(name)
            self.test_connections(name)
        self.assess(WHOLE)
        self._finish_buckets()

    def _finish_buckets(self) -> None:
        s3 = self.client("s3")
        key = self.client("kms").describe_key(KeyId=data_key_alias(SETTINGS.prefix))["KeyMetadata"]["Arn"]
        for bucket in (LANDING, CONTROL):
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            rules = [{"ApplyServerSideEncryptionByDefault": default}]
            s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
            only_tls = {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": f"arn:aws:s3:::{bucket}/*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy(only_tls)))
        rule = {"ID": "landed-files", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 14}}
        s3.put_bucket_lifecycle_configuration(Bucket=LANDING, LifecycleConfiguration={"Rules": [rule]})
        s3.put_bucket_versioning(Bucket=CONTROL, VersioningConfiguration={"Status": "Enabled"})

    def test_connections(self, name: str) -> None:
        """Of both endpoints of the database, to their ends."""
        dms = self.client("dms")
        instance = dms.describe_replication_instances()["ReplicationInstances"][0]["ReplicationInstanceArn"]
        for endpoint in (source_endpoint_id("fleet", name), target_endpoint_id("fleet", name)):
            dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=self.arn(endpoint))
        self.cases.time.pass_seconds(120)

    def assess(self, name: str) -> None:
        """The database's task, before it is started, to the end."""
        self.client("dms").start_replication_task_assessment_run(
            ReplicationTaskArn=self.task_arn(name),
            ServiceAccessRoleArn=f"arn:aws:iam::123456789012:role/fleet/endpoint/fleet-{name}-s3",
            ResultLocationBucket=LANDING,
            ResultLocationFolder=name,
            AssessmentRunName=self.cases.cloud.clock.now().strftime("assessed-%H%M"),
        )
        self.cases.time.pass_seconds(1_200)

    def arn(self, endpoint: str) -> str:
        found = self.client("dms").describe_endpoints(Filters=[{"Name": "endpoint-id", "Values": [endpoint]}])
        return found["Endpoints"][0]["EndpointArn"]

    def task_arn(self, name: str) -> str:
        filters = [{"Name": "replication-task-id", "Values": [task_id("fleet", name, "full")]}]
        return self.client("dms").describe_replication_tasks(Filters=filters)["ReplicationTasks"][0][
            "ReplicationTaskArn"
        ]

    def check(self, clients: Clients | None = None) -> tuple[Checked, ...]:
        facts = account_facts(clients or self.cases.cloud.clients, self.registry, self.registry.databases)
        return check_facts(facts)


class Noted:
    """A client that notes in *asked* the action of each request that is made by it."""

    def __init__(self, client: Any, asked: set[str]) -> None:
        self._client, self._asked = client, asked

    def __getattr__(self, method: str) -> Any:
        operation = self._client.meta.method_to_api_mapping[method]
        service = self._client.meta.service_model.endpoint_prefix
        self._asked.add(f"{service}:{S3_ACTIONS.get(operation, operation)}")
        return getattr(self._client, method)


@pytest.fixture(scope="module")
def deployed(cases: Cases) -> Deployed:
    return Deployed(cases)


@pytest.fixture(scope="module")
def whole(deployed: Deployed) -> tuple[Checked, ...]:
    """What is said where everything is as it should be, while all that is asked is noted."""
    cloud = deployed.cases.cloud
    now, nothing, transport = cloud.clock.now, lambda _: None, InProcessTransport(cloud.snowflake)
    noted = Clients(
        cloud.clients.environment,
        lambda name: Noted(cloud.aws.client(name), deployed.asked),
        transport,
        now,
        nothing,
        float,
    )
    return deployed.check(noted)


@pytest.fixture(scope="module")
def broken(deployed: Deployed, whole: tuple[Checked, ...]) -> dict[tuple[str, str], Checked]:
    """What is said after somebody has broken very much, by database or account, and code."""
    client = deployed.client
    s3, iam, dms = client("s3"), client("iam"), client("dms")
    s3.delete_bucket_policy(Bucket=LANDING)
    s3.delete_public_access_block(Bucket=CONTROL)
    s3.delete_bucket_lifecycle(Bucket=LANDING)
    s3.delete_bucket_encryption(Bucket=CONTROL)
    s3.put_bucket_versioning(Bucket=CONTROL, VersioningConfiguration={"Status": "Suspended"})
    client("kms").disable_key(KeyId=client("kms").describe_key(KeyId="alias/fleet-data")["KeyMetadata"]["KeyId"])
    without_password = json.dumps({"host": "h", "port": 5432, "username": "u", "secret": "hunter2"})
    client("secretsmanager").put_secret_value(SecretId=f"fleet/server/{BROKEN}", SecretString=without_password)
    other = json.dumps(trust_snowflake(snowflake_user_arn(SETTINGS), "somebody-elses"))
    iam.update_assume_role_policy(RoleName="fleet-snowflake-read", PolicyDocument=other)
    lambda_only = json.dumps(trust_service("lambda.amazonaws.com"))
    iam.update_assume_role_policy(RoleName=f"fleet-{BROKEN}-s3", PolicyDocument=lambda_only)
    iam.delete_role_policy(RoleName="dms-vpc-role", PolicyName="may")
    iam.delete_role(RoleName="dms-vpc-role")
    iam.delete_role_policy(RoleName="dms-cloudwatch-logs-role", PolicyName="may")
    dms.delete_replication_task(ReplicationTaskArn=deployed.task_arn(BROKEN))
    deployed.cases.time.pass_seconds(120)
    dms.delete_endpoint(EndpointArn=deployed.arn(target_endpoint_id("fleet", BROKEN)))
    deployed.cases.postgres.drop_database(WHOLE)
    deployed.test_connections(WHOLE)
    deployed.assess(WHOLE)
    snowflake = deployed.cases.cloud.snowflake
    snowflake.administer("REVOKE USAGE ON WAREHOUSE FLEET_LOADING FROM ROLE FLEET_LOADER", database="FLEET")
    snowflake.administer("REVOKE SELECT ON FUTURE TABLES IN DATABASE FLEET FROM ROLE FLEET_READER", database="FLEET")
    deployed.cases.time.pass_seconds(3_700)  # for so long Snowflake keeps a role that it has assumed
    return {(one.of, one.code): one for one in deployed.check()}


def test_all_is_well_in_an_account_that_is_as_the_stack_leaves_it(whole: tuple[Checked, ...]) -> None:
    assert [asdict(one) for one in whole if one.verdict != "passed"] == []
    assert {one.code for one in whole} == {one.code for one in (*ACCOUNT_CHECKS, *DATABASE_CHECKS)} - {
        "AWS-CERTIFICATE"  # no server names one
    }


@pytest.mark.parametrize(("of", "code", "verdict", "words"), BREAKS)
def test_what_is_broken_is_named(
    broken: dict[tuple[str, str], Checked], of: str, code: str, verdict: str, words: str
) -> None:
    found = broken[of, code]
    assert (found.verdict, words in found.found) == (verdict, True), found


def test_nothing_else_is_named_and_no_secret_is_shown(broken: dict[tuple[str, str], Checked]) -> None:
    named = {place for place, one in broken.items() if one.verdict != "passed"}
    assert named == {(of, code) for of, code, _, _ in BREAKS}
    assert "hunter2" not in str(broken)


def test_the_page_has_the_rights_that_the_questions_take_and_no_other(
    deployed: Deployed, whole: tuple[Checked, ...]
) -> None:
    written = re.search(r"```json\n(.*\"LooksAtTheAccount\".*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert written
    actions = {action for one in json.loads(written[1])["Statement"] for action in one["Action"]}
    # Who may not list a bucket is denied a missing object; a secret and the registry may be under a key of one's own.
    # The others are asked for where a server has a certificate, and where an assessment failed.
    beside = {"s3:ListBucket", "kms:Decrypt", "dms:DescribeCertificates"}
    beside |= {"dms:DescribeReplicationTaskIndividualAssessments"}
    assert actions == deployed.asked - {"sts:GetCallerIdentity"} | beside


class Lists:
    """DMS with so many entries in each list, by its operation; it counts what it is asked."""

    def __init__(self, **entries: tuple[str, int]) -> None:
        self._entries, self.requests = entries, 0

    def __getattr__(self, operation: str) -> Any:
        def answer(MaxRecords: int = 0, Marker: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803  boto3's
            self.requests += 1
            member, count = self._entries.get(operation, ("AccountQuotas", 0))
            at = int(Marker)
            shown = [_entry(one) for one in range(at, min(count, at + MaxRecords))]
            return {member: shown, **({"Marker": str(at + MaxRecords)} if at + MaxRecords < count else {})}

        return answer


def _entry(number: int) -> dict[str, Any]:
    texts = ("EndpointIdentifier", "EndpointArn", "Status", "ReplicationTaskIdentifier", "ReplicationTaskArn")
    more = ("ReplicationInstanceArn", "ReplicationInstanceIdentifier", "ReplicationInstanceStatus")
    return dict.fromkeys((*texts, *more), str(number))


def test_dms_is_asked_as_little_for_250_databases_as_their_lists_have_pages() -> None:
    dms = Lists(
        describe_replication_instances=("ReplicationInstances", 6),
        describe_endpoints=("Endpoints", 500),
        describe_replication_tasks=("ReplicationTasks", 350),
        describe_connections=("Connections", 500),
        describe_replication_task_assessment_runs=("ReplicationTaskAssessmentRuns", 350),
    )
    look = look_at_dms(AskedAccount(lambda _: dms), has_certificates=False)
    assert not isinstance(look.endpoints, Unseen)
    assert (len(look.endpoints), dms.requests) == (500, 1 + 1 + 5 + 4 + 5 + 4)


def test_a_list_without_end_is_given_up() -> None:
    dms = Lists(describe_endpoints=("Endpoints", 10_000))
    assert AskedAccount(lambda _: dms).list("describe_endpoints", "Endpoints") == Unseen(
        "describe_endpoints has more than 3,000 entries"
    )
    assert dms.requests == MOST_PAGES


class Refusing:
    """A service that answers each request with *error*."""

    def __init__(self, error: Exception) -> None:
        self.error, self.requests = error, 0

    def __getattr__(self, _: str) -> Any:
        def refuse(*_: Any, **__: Any) -> None:
            self.requests += 1
            raise self.error

        return refuse


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "sts could not be asked: Unable to locate credentials"),
        (
            ClientError({"Error": {"Code": "ExpiredToken", "Message": "It has expired."}}, "GetCallerIdentity"),
            "GetCallerIdentity: ExpiredToken: It has expired",
        ),
    ],
)
def test_without_credentials_one_request_is_made_and_all_is_unknown(cases: Cases, error: Exception, words: str) -> None:
    aws = Refusing(error)
    now, nothing = lambda: datetime(2026, 12, 1, tzinfo=UTC), lambda _: None
    clients = Clients(cases.cloud.clients.environment, lambda _: aws, Refusing(error), now, nothing, lambda: 0.5)
    checked = check_facts(account_facts(clients, cases.registry, cases.registry.databases))
    assert {one.verdict for one in checked} == {"unknown"}
    assert all(words in one.found for one in checked)
    assert aws.requests == 1


def test_credentials_of_another_account_look_at_nothing(cases: Cases) -> None:
    elsewhere = replace(cases.registry, settings=replace(SETTINGS, account="111122223333"))
    checked = check_facts(account_facts(cases.cloud.clients, elsewhere, ()))
    assert (checked[0].verdict, {one.verdict for one in checked[1:]}) == ("failed", {"unknown"})


def write_registry(registry: Registry) -> None:
    """What there is of the cases' registry, in ./registry."""
    folder = Path("registry")
    folder.mkdir()
    snowflake = {name: value for name, value in vars(SETTINGS.snowflake).items() if name != "reader_role"}
    settings = {name: getattr(SETTINGS, name) for name in ("prefix", "account", "region", "landing_bucket")}
    servers = [
        {"id": one.id, "engine": one.engine, "secret": one.secret, "ssl_mode": "none"} for one in registry.servers
    ]
    databases = [
        {"id": one.id, "server": one.id, "name_at_source": one.id, "instance": "one", "schemas": ["public"]}
        for one in registry.databases
    ]
    for name, content in (
        ("settings", {**settings, "snowflake": snowflake}),
        ("servers", servers),
        ("databases", [{**one, "onboarded": True} for one in databases]),
    ):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def test_the_command_says_the_worst_first_what_to_do_and_sums(
    fleet: Fleet, cases: Cases, broken: dict[tuple[str, str], Checked]
) -> None:
    write_registry(cases.registry)
    said = fleet("check", "account")
    assert said.code == 1
    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [[WHOLE, "failed"], [BROKEN, "failed"], ["account", "failed"]]
    at = lines.index("failed   AWS-DMS-VPC-ROLE")
    assert lines[at + 1] == "         account: not there, though the fleet is deployed: role 'dms-vpc-role'"
    assert "         What to do: `fleet deploy` puts the block back; find out who removed it.\n" in said.out
    assert lines[-2] == "2 databases: 2 failed"
    assert "Asking for DMS ..." in said.err
    document = json.loads(fleet("check", "account", "--json").out)
    checks = [*document["account"], *(check for one in document["databases"] for check in one["checks"])]
    assert document["totals"]["checks"]["failed"] == sum(one["verdict"] == "failed" for one in checks)
    assert set(checks[0]) == {"of", "code", "verdict", "found", "reason", "remedy", "source"}


def test_a_connection_that_was_not_good_is_tested_again_where_a_person_asks_for_it(
    fleet: Fleet, cases: Cases, deployed: Deployed, broken: dict[tuple[str, str], Checked]
) -> None:
    write_registry(cases.registry)
    deployed.cases.postgres.create_database(WHOLE)
    place = WHOLE, "AWS-SOURCE-CONNECTION"

    def look(*options: str) -> str:
        databases = json.loads(fleet("check", "account", "--json", *options).out)["databases"]
        checks = [check for one in databases for check in one["checks"]]
        return next(one["verdict"] for one in checks if (one["of"], one["code"]) == place)

    assert [look(), look("--test-connections"), look()] == ["failed", "passed", "passed"]


def test_no_database_may_be_called_account() -> None:
    with pytest.raises(MalformedIdError, match="a word of `fleet check`"):
        require_database_id("account")


def test_checks_that_could_not_look_for_one_reason_say_it_once_and_many_databases_are_counted(
    cases: Cases,
) -> None:
    many = tuple(replace(cases.registry.databases[0], id=f"shop-{number}", server=WHOLE) for number in range(9))
    registry = replace(cases.registry, databases=many)
    aws = Refusing(NoCredentialsError())
    clients = cases.cloud.clients
    seen = Clients(clients.environment, clients.service, Refusing(HTTPError("no way")), clients.now, id, lambda: 0.5)
    blind = Clients(clients.environment, lambda _: aws, Refusing(HTTPError("no way")), clients.now, id, lambda: 0.5)
    for which, words in ((seen, "no way"), (blind, "Unable to locate credentials")):
        facts = account_facts(which, registry, many)
        found = [CheckedDatabase(one.id, check_database_facts(facts, one)) for one in many]
        said = "\n".join(lines(found, check_account_facts(facts)))
        assert judge(check_account_facts(facts)) in {"failed", "unknown"}
        assert said.count(words) == 1
        if which is seen:
            assert "         shop-4: not there, for the database is not deployed yet: task fleet-shop-4-full\n" in said
            assert "         and 4 more (--json has all)\n" in said
            assert "unknown  SNOW-SIGN-IN, SNOW-LOADER-RIGHTS, SNOW-READER-RIGHTS" in said
