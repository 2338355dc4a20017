"""The synthesised stacks as an auditor reads them: encryption, least privilege, retention, secrets, alarms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet.names import ENDPOINT_ROLE_PATH
from fleet.quotas import IAM_ROLE_POLICY_CHARACTERS
from local.terraform import Installed, Terraform
from orchestration.roles import WILDCARDS
from synthesised import Stacks, as_list, policies

SAID_TO_BE_PLAIN = {"embedded", "plain"}
"""The servers of both registries that say `ssl_mode: none`."""
KEY = re.compile(r"\$\{(aws_kms_key\.data_key\.arn|data\.aws_kms_alias\.data_key\.target_key_arn)\}")


@pytest.fixture(params=["sample", "existing"])
def stacks(request: pytest.FixtureRequest, variants: dict[str, Stacks]) -> Stacks:
    return variants[request.param]


def test_everything_at_rest_is_encrypted_with_the_fleets_key(stacks: Stacks) -> None:
    keys = {
        **{where: body["kms_key_id"] for where, body in stacks.of("aws_cloudwatch_log_group")},
        **{where: body["kms_master_key_id"] for where, body in stacks.of("aws_sns_topic")},
        **{where: body["kms_key_arn"] for where, body in stacks.of("aws_dms_replication_instance")},
        **{where: body["server_side_encryption_kms_key_id"] for where, body in stacks.of("aws_dms_s3_endpoint")},
        **{where: body["server_side_encryption"]["kms_key_arn"] for where, body in stacks.of("aws_dynamodb_table")},
    }
    for where, body in stacks.of("aws_s3_bucket_server_side_encryption_configuration"):
        default = body["rule"][0]["apply_server_side_encryption_by_default"]
        assert default["sse_algorithm"] == "aws:kms", where
        keys[f"bucket {where}"] = default["kms_master_key_id"]
    assert {where: key for where, key in keys.items() if not KEY.fullmatch(key)} == {}
    assert all(body["encryption_mode"] == "SSE_KMS" for _, body in stacks.of("aws_dms_s3_endpoint"))
    assert all(body["sqs_managed_sse_enabled"] for _, body in stacks.of("aws_sqs_queue"))
    rotated = [body.get("enable_key_rotation") for _, body in stacks.of("aws_kms_key") if "key_usage" not in body]
    assert rotated == [True]


def test_no_endpoint_names_a_key_that_the_provider_would_replace_it_for(stacks: Stacks) -> None:
    # docs/facts/cdktf.md 0.4: with `kms_key_arn` each plan replaces the endpoint.
    assert [where for where, body in stacks.of("aws_dms_s3_endpoint") if "kms_key_arn" in body] == []


def test_every_source_endpoint_encrypts_unless_the_registry_says_that_it_does_not(stacks: Stacks) -> None:
    registry = stacks.registry
    said = {
        f"source_{one.id.replace('-', '_')}": registry.server_of(one) for one in registry.databases if one.onboarded
    }
    sources = {where.partition("/")[2]: body for where, body in stacks.of("aws_dms_endpoint")}
    assert sources.keys() == said.keys()
    for where, body in sources.items():
        assert body["ssl_mode"] == said[where].ssl_mode, where
        assert (body["ssl_mode"] == "none") is (said[where].id in SAID_TO_BE_PLAIN), where
        assert body.get("certificate_arn", "") == said[where].certificate, where


def test_every_bucket_refuses_the_public_and_what_comes_without_tls(stacks: Stacks) -> None:
    buckets = dict(stacks.of("aws_s3_bucket"))
    assert len(buckets) == 2
    blocks = dict(stacks.of("aws_s3_bucket_public_access_block"))
    owners = dict(stacks.of("aws_s3_bucket_ownership_controls"))
    statements = {where: json.loads(body["policy"])["Statement"] for where, body in stacks.of("aws_s3_bucket_policy")}
    lifecycles = dict(stacks.of("aws_s3_bucket_lifecycle_configuration"))
    assert buckets.keys() == blocks.keys() == owners.keys() == statements.keys() == lifecycles.keys()
    for where, block in blocks.items():
        four = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        assert all(block[one] for one in four), where
        assert owners[where]["rule"] == {"object_ownership": "BucketOwnerEnforced"}
        (deny,) = [one for one in statements[where] if one["Effect"] == "Deny"]
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (deny["Action"], deny["Principal"], len(deny["Resource"])) == ("s3:*", "*", 2)
        assert not [one for one in statements[where] if one["Effect"] == "Allow"]
    # DMS writes each key once: a version of it would be paid for unseen.
    assert [where for where, _ in stacks.of("aws_s3_bucket_versioning")] == ["foundation/control"]


def test_files_and_logs_are_kept_as_long_as_the_settings_say(sample: Stacks, existing: Stacks) -> None:
    for stacks, days in ((sample, 90), (existing, 365)):
        assert {body["retention_in_days"] for _, body in stacks.of("aws_cloudwatch_log_group")} == {days}
        rules = stacks["foundation"].of("aws_s3_bucket_lifecycle_configuration")["landing"]["rule"]
        assert [rule["expiration"] for rule in rules if "expiration" in rule] == [[{"days": 14}]]
        assert any("abort_incomplete_multipart_upload" in rule for rule in rules)


def test_the_ledger_can_be_brought_back_and_is_not_deleted_by_accident(sample: Stacks, existing: Stacks) -> None:
    ledger = sample["foundation"].of("aws_dynamodb_table")["ledger"]
    assert (ledger["point_in_time_recovery"]["enabled"], ledger["deletion_protection_enabled"]) == (True, True)
    # Where the settings say that nothing need be kept.
    assert existing["foundation"].of("aws_dynamodb_table")["ledger"]["deletion_protection_enabled"] is False


def test_only_what_no_resource_can_be_named_for_is_allowed_on_all(stacks: Stacks) -> None:
    used: set[str] = set()
    for where, statement in policies(stacks):
        assert statement["Effect"] == "Allow"
        if "*" in as_list(statement["Resource"]):
            reasons = {end for end in WILDCARDS if statement["Sid"].endswith(end)}
            assert reasons, where
            used |= reasons
    assert used == WILDCARDS.keys()


def test_no_role_may_whatever_a_service_does(stacks: Stacks) -> None:
    wide = [(where, one) for where, statement in policies(stacks) for one in as_list(statement["Action"]) if "*" in one]
    assert wide == []


def test_dms_is_changed_only_where_the_fleets_tag_is_and_every_resource_carries_it(stacks: Stacks) -> None:
    for where, statement in policies(stacks):
        actions = as_list(statement["Action"])
        if any(one.startswith("dms:") and not one.startswith("dms:Describe") for one in actions):
            (condition,) = statement["Condition"]["StringEquals"].items()
            wanted = "aws:RequestTag/fleet" if "dms:AddTagsToResource" in actions else "aws:ResourceTag/fleet"
            assert condition[0] == wanted, where
    for stack in stacks.all.values():
        (provider,) = stack.document["provider"]["aws"]
        assert provider["default_tags"][0]["tags"]["fleet"], stack.name
        assert provider["allowed_account_ids"], stack.name


def test_a_customers_key_is_used_by_who_reads_the_secret_alone_and_only_through_secrets_manager(
    sample: Stacks, existing: Stacks
) -> None:
    key = "arn:aws:kms:eu-west-1:210987654321:key/99999999-2222-3333-4444-555555555555"
    uses = {where: one for where, one in policies(existing) if key in as_list(one["Resource"])}
    assert list(uses) == [
        "instance-one/secrets: DecryptSourceSecrets",
        "pipeline/ask_source: AskSourceDecryptsSecrets",
    ]
    for statement in uses.values():
        assert (statement["Action"], statement["Resource"]) == ("kms:Decrypt", [key])
        assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}
    assert not [where for where, _ in policies(sample) if where.endswith(("DecryptSourceSecrets", "DecryptsSecrets"))]


def test_no_block_in_a_list_came_out_empty(stacks: Stacks) -> None:
    """CDKTF's bindings drop the members that they do not know by name out of dicts in lists, without a word."""

    def empty(value: Any, where: str) -> Iterator[str]:
        if isinstance(value, dict):
            for name, one in value.items():
                yield from empty(one, f"{where}.{name}")
        elif isinstance(value, list):
            for number, one in enumerate(value):
                if one in ({}, None):
                    yield f"{where}[{number}]"
                yield from empty(one, f"{where}[{number}]")

    assert [one for stack in stacks.all.values() for one in empty(stack.document, stack.name)] == []


def test_only_endpoint_roles_are_passed_and_only_to_dms(stacks: Stacks) -> None:
    passed = {where: one for where, one in policies(stacks) if "iam:PassRole" in as_list(one["Action"])}
    assert list(passed) == ["pipeline/point_endpoint: PointEndpointPassesEndpointRoles"]
    for statement in passed.values():
        assert re.fullmatch(rf"arn:aws:iam::\d+:role{ENDPOINT_ROLE_PATH}\*", statement["Resource"])
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "dms.amazonaws.com"}}
    for where, role in stacks.of("aws_iam_role"):
        assert (role.get("path") == ENDPOINT_ROLE_PATH) == ("/role_" in where), where


def test_an_endpoints_role_may_write_its_own_databases_prefix_alone(stacks: Stacks) -> None:
    for where, body in stacks.of("aws_iam_role_policy"):
        found = re.fullmatch(r"instance-\w+/may_(\w+)", where)
        if found:
            own = f"/{found[1].replace('_', '-')}/*"
            (write,) = [one for one in json.loads(body["policy"])["Statement"] if "s3:PutObject" in one["Action"]]
            assert write["Resource"].endswith(own), where


def test_every_function_has_a_role_and_a_log_of_its_own(stacks: Stacks) -> None:
    pipeline = stacks["pipeline"]
    functions = pipeline.of("aws_lambda_function")
    assert {body["role"] for body in functions.values()} == {f"${{aws_iam_role.{name}.arn}}" for name in functions}
    logs = {body["name"] for body in pipeline.of("aws_cloudwatch_log_group").values()}
    assert {f"/aws/lambda/{body['function_name']}" for body in functions.values()} <= logs
    assert [name for name, body in functions.items() if "reserved_concurrent_executions" in body] == []
    assert [name for name, body in functions.items() if "vpc_config" in body] == ["ask_source"]


def test_the_statements_of_a_function_are_named_after_it(stacks: Stacks) -> None:
    for name in stacks["pipeline"].of("aws_lambda_function"):
        policy = json.loads(stacks["pipeline"].of("aws_iam_role_policy")[name]["policy"])
        begins = "".join(word.capitalize() for word in name.split("_"))
        assert all(statement["Sid"].startswith(begins) for statement in policy["Statement"]), name


def test_fleet_runs_role_may_run_its_children_to_their_end(sample: Stacks) -> None:
    policy = json.loads(sample["pipeline"].of("aws_iam_role_policy")["fleet_run"]["policy"])
    allowed = {action: one["Resource"] for one in policy["Statement"] for action in as_list(one["Action"])}
    place = "eu-central-1:123456789012"
    assert allowed["states:StartExecution"] == f"arn:aws:states:{place}:stateMachine:fleet-database-run"
    children = f"arn:aws:states:{place}:execution:fleet-database-run:*"
    assert allowed["states:DescribeExecution"] == allowed["states:StopExecution"] == children
    rule = f"arn:aws:events:{place}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    assert {allowed[f"events:{one}"] for one in ("PutRule", "PutTargets", "DescribeRule")} == {rule}


def test_only_services_and_snowflakes_user_are_trusted_and_whom_they_act_for_is_checked(stacks: Stacks) -> None:
    for where, role in stacks.of("aws_iam_role"):
        for statement in json.loads(role["assume_role_policy"])["Statement"]:
            principal, conditions = statement["Principal"], statement.get("Condition", {}).get("StringEquals", {})
            if "AWS" in principal:
                assert where == "foundation/snowflake"
                assert conditions == {"sts:ExternalId": "acme-fleet"}
            elif principal["Service"] != "lambda.amazonaws.com" and "dms_" not in where:
                # Lambda acts for its own account alone; the account's two roles are as DMS's guide has them.
                assert "aws:SourceAccount" in conditions, where


def test_the_inline_policy_of_every_role_fits(variants: dict[str, Stacks]) -> None:
    for stacks in variants.values():
        for where, body in stacks.of("aws_iam_role_policy"):
            assert len("".join(body["policy"].split())) <= IAM_ROLE_POLICY_CHARACTERS.value, where


def test_nothing_comes_in_from_the_internet(stacks: Stacks) -> None:
    open_to = [body.get("cidr_ipv4") for _, body in stacks.of("aws_vpc_security_group_ingress_rule")]
    assert set(open_to) <= {None}
    everywhere = [
        body for _, body in stacks.of("aws_vpc_security_group_egress_rule") if body["cidr_ipv4"] == "0.0.0.0/0"
    ]
    assert {(body["from_port"], body["to_port"]) for body in everywhere} == {(443, 443)}
    assert all(body["publicly_accessible"] is False for _, body in stacks.of("aws_dms_replication_instance"))
    assert all(body["map_public_ip_on_launch"] is False for _, body in stacks.of("aws_subnet"))
    assert not list(stacks.of("aws_internet_gateway"))


def walk(value: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield f"{way}/{key}", inner
        yield from walk(inner, f"{way}/{key}")


def test_no_secret_is_in_any_file(stacks: Stacks) -> None:
    for stack in stacks.all.values():
        for way, value in walk(stack.document):
            key = way.rpartition("/")[2].lower()
            assert not re.search(r"password|username|secret_key|access_key|token|private_key", key), way
            assert not (isinstance(value, str) and re.search(r"AKIA[0-9A-Z]{16}|-----BEGIN", value)), way
    for where, source in stacks.of("aws_dms_endpoint"):
        assert {"secrets_manager_arn", "secrets_manager_access_role_arn"} <= source.keys(), where


def test_nothing_was_lost_on_its_way_into_a_block(stacks: Stacks) -> None:
    """Names that the bindings do not know within a list are dropped in silence, and leave an empty block."""
    for stack in stacks.all.values():
        for way, value in walk(stack.document.get("resource", {})):
            assert value not in ({}, [], None), f"{stack.name}{way}"


def test_both_machines_are_logged_and_traced(stacks: Stacks) -> None:
    for name, machine in stacks["pipeline"].of("aws_sfn_state_machine").items():
        logging = machine["logging_configuration"]
        assert (logging["level"], logging["include_execution_data"]) == ("ALL", True), name
        assert stacks["pipeline"].of("aws_cloudwatch_log_group")[name]["name"].startswith("/aws/vendedlogs/states/")
        assert machine["tracing_configuration"] == {"enabled": True}, name


def test_the_real_provider_finds_every_stack_valid(
    variants: dict[str, Stacks], terraform: Installed, tmp_path: Path
) -> None:
    chosen = [*variants["existing"].all.values(), variants["sample"]["foundation"], variants["sample"]["pipeline"]]
    # As modules of one configuration: Terraform reads the provider and its schema once, which takes it seconds.
    modules = {}
    for place, stack in enumerate(chosen):
        folder = tmp_path / str(place)
        folder.mkdir()
        for file in stack.folder.iterdir():
            if file.is_file():
                (folder / file.name).write_bytes(file.read_bytes())
        modules[f"stack-{place}"] = {"source": f"./{place}"}
    (tmp_path / "main.tf.json").write_text(json.dumps({"module": modules}), encoding="utf-8")
    here = Terraform(terraform, tmp_path, {"AWS_REGION": "eu-west-1"})
    here.init()
    here.validate()
