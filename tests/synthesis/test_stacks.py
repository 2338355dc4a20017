"""The stacks as files: what is in them, that they are the same each time, and what one flag changes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from fleet.databases import Registry
from fleet.dms.endpoints import s3_settings
from fleet.dms.task_texts import TaskTexts
from fleet.folders import Folder
from fleet.names import CURRENT_REGISTRY, function_arn
from lambdas.clients.dms import Dms
from lambdas.wiring import Environment, read_environment
from local.cloud import LEDGER_TABLE
from onboarding.effective import effective_json, read_effective
from onboarding.reader import read_registry
from orchestration.definitions import bind, load
from orchestration.endpoint_arguments import snake_case, target_arguments
from orchestration.functions import DATABASE_RUN, FLEET_RUN, MODULES
from synthesis_registries import TRICKY
from synthesised import ROOT, Block, Stacks

BLOCKS_OF_A_DATABASE = 5


@pytest.fixture(params=["sample", "existing"])
def stacks(request: pytest.FixtureRequest, variants: dict[str, Stacks]) -> Stacks:
    return variants[request.param]


def named(body: Block) -> str:
    """What the resource is called in AWS, where it is called something."""
    for key in ("name", "function_name", "bucket", "alarm_name", "replication_task_id", "endpoint_id", "topic_arn"):
        if isinstance(body.get(key), str) and "${" not in body[key]:
            return body[key]
    return body.get("replication_instance_id", "")


def test_the_stacks_of_the_sample_fleet_hold_what_the_golden_file_lists(
    sample: Stacks, golden: Callable[[str, str], None]
) -> None:
    lines: list[str] = []
    for name, stack in sample.all.items():
        lines += [name, *sorted(f"  {address}  {named(body)}".rstrip() for address, body in stack.resources.items())]
    golden("stacks.txt", "\n".join([*lines, ""]))


def test_main_writes_the_same_bytes_again_in_another_process_and_folder(sample: Stacks, tmp_path: Path) -> None:
    package = sample["pipeline"].folder / "functions.zip"
    command = [sys.executable, "main.py", "--output", str(tmp_path / "again"), "--package", str(package)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [f"{tmp_path}/again/stacks/{name}" for name in sample.all]

    def everything(folder: Path) -> dict[str, bytes]:
        files = (file for file in folder.rglob("*") if file.is_file() and ".terraform" not in str(file))
        return {str(file.relative_to(folder)): file.read_bytes() for file in files}

    assert everything(tmp_path / "again") == everything(sample.folder)
    assert str(tmp_path) not in "".join(stack.text for stack in Stacks(tmp_path / "again").all.values())


def test_one_flag_changes_one_databases_resources_and_the_registry_in_force(variants: dict[str, Stacks]) -> None:
    before, after = variants["sample"], variants["flipped"]
    assert before.all.keys() == after.all.keys()
    changed = {
        (name, address)
        for name in before.all
        for address in before[name].resources.keys() | after[name].resources.keys()
        if before[name].resources.get(address) != after[name].resources.get(address)
    }
    kinds = ("iam_role.role", "iam_role_policy.may", "dms_endpoint.source", "dms_s3_endpoint.target")
    tasks = ("dms_replication_task.full", "dms_replication_task.cdc")
    of_database = {f"aws_{kind}_odd_names" for kind in (*kinds, *tasks)}
    assert changed == {("instance-one", one) for one in of_database} | {("pipeline", "aws_s3_object.registry")}
    assert not of_database & after["instance-one"].resources.keys()
    for key in ("data", "output", "provider", "terraform"):
        for name in before.all:
            assert before[name].document.get(key) == after[name].document.get(key), (name, key)


def test_no_two_databases_fall_together_under_one_logical_id(existing: Stacks) -> None:
    ids = (*TRICKY, "orders", "shop", "old")
    resources = existing["instance-one"].resources
    shared = {address for address in resources if not address.endswith(tuple(one.replace("-", "_") for one in ids))}
    assert shared == {"aws_cloudwatch_metric_alarm.one_storage", "aws_cloudwatch_log_group.task_logs"}
    # Secrets role and policy, the instance itself: called as databases are, and still there. One database does deltas.
    assert len(resources) == len(ids) * BLOCKS_OF_A_DATABASE + 1 + len(shared) + 3
    tasks = existing["instance-one"].of("aws_dms_replication_task").values()
    names = [*(f"acme-{one}-full" for one in ids), "acme-orders-cdc"]
    assert sorted(one["replication_task_id"] for one in tasks) == sorted(names)


def test_a_database_that_does_deltas_has_a_second_task_on_the_same_endpoints(existing: Stacks) -> None:
    tasks = existing["instance-one"].of("aws_dms_replication_task")
    full, cdc = tasks["full_orders"], tasks["cdc_orders"]
    assert [name for name in tasks if name.startswith("cdc_")] == ["cdc_orders"]
    assert (full["migration_type"], cdc["migration_type"]) == ("full-load", "cdc")
    assert cdc["start_replication_task"] is False
    differing = {key for key in full if full[key] != cdc[key]}
    own = {"//", "replication_task_id", "migration_type", "table_mappings", "replication_task_settings"}
    assert (differing, cdc.keys()) == (own, full.keys())
    assert '"table-type":"table"' in cdc["table_mappings"]
    assert "FullLoadSettings" not in cdc["replication_task_settings"]


def test_a_servers_settings_reach_the_source_endpoints_of_its_databases_alone(existing: Stacks) -> None:
    endpoints = existing["instance-one"].of("aws_dms_endpoint").values()
    given = {one.get("extra_connection_attributes") for one in endpoints if one["engine_name"] == "sqlserver"}
    assert given == {"applicationIntent=ReadOnly;executeTimeout=120;multiSubnetFailover=Yes"}
    assert not [one for one in endpoints if one["engine_name"] != "sqlserver" and "extra_connection_attributes" in one]


def test_no_token_of_the_toolchain_is_left_and_what_people_wrote_is_not_read_as_terraforms(existing: Stacks) -> None:
    assert all("TfToken" not in stack.text for stack in existing.all.values())
    stack = existing["instance-one"]
    assert stack.of("aws_dms_endpoint")["source_ab"]["database_name"] == "S$${ab} %%{x}"
    mappings = stack.of("aws_dms_replication_task")["full_ab"]["table_mappings"]
    assert '"schema-name":"$${schema}"' in mappings


def test_fifty_databases_stay_under_300_kilobytes(variants: dict[str, Stacks]) -> None:
    stack = variants["fifty"]["instance-one"]
    assert len(stack.of("aws_dms_replication_task")) == 50
    assert len(stack.text.encode()) < 300_000


def test_ignored_is_exactly_what_a_night_changes(sample: Stacks) -> None:
    registry = read_registry(ROOT / "registry", {})
    one, other = (_settings_of(registry, number) for number in (1, 2))
    changed = {key for key, value in one.items() if other[key] != value}
    for where, target in sample.of("aws_dms_s3_endpoint"):
        assert set(target["lifecycle"]["ignore_changes"]) == changed, where
    sent: dict[str, Any] = {}

    class Client:
        def modify_replication_task(self, **parameters: Any) -> None:
            sent.update(parameters)

    Dms(Client(), lambda: 0.0, lambda _: None).modify_task("arn", TaskTexts("mappings", "settings"))
    modified = {snake_case(member) for member in sent} - {"replication_task_arn"}
    for where, task in sample.of("aws_dms_replication_task"):
        # The position moves as the task reads on, whatever started it.
        assert set(task["lifecycle"]["ignore_changes"]) == modified | {"cdc_start_position"}, where
    ignoring = {
        where for stack in sample.all.values() for where, body in stack.resources.items() if "lifecycle" in body
    }
    assert {where.partition(".")[0] for where in ignoring} == {"aws_dms_s3_endpoint", "aws_dms_replication_task"}


def _settings_of(registry: Registry, number: int) -> dict[str, Any]:
    return target_arguments(s3_settings(registry.settings, Folder("odd-names", "full", f"run-{number}", number)))


def test_the_machines_are_bound_as_the_local_cloud_binds_them(sample: Stacks) -> None:
    settings = read_registry(ROOT / "registry", {}).settings
    machines = sample["pipeline"].of("aws_sfn_state_machine")

    def resolved(machine: str) -> Any:
        text = machines[machine]["definition"]
        for name in MODULES:
            reference = f"${{aws_lambda_function.{MODULES[name].rpartition('.')[2]}.arn}}"
            text = text.replace(reference, function_arn(settings.account, settings.region, settings.prefix, name))
        return json.loads(text)

    def functions(names: tuple[str, ...]) -> dict[str, str]:
        return {one: function_arn(settings.account, settings.region, settings.prefix, one) for one in names}

    assert resolved("database_run") == bind(load("database-run"), functions(DATABASE_RUN))
    child = "${aws_sfn_state_machine.database_run.arn}"
    assert resolved("fleet_run") == bind(load("fleet-run"), {**functions(FLEET_RUN), "DatabaseRun": child})


def test_every_function_has_the_environment_of_the_local_clouds_functions(sample: Stacks) -> None:
    answered = {
        json.dumps(function["environment"]["variables"], sort_keys=True)
        for function in sample["pipeline"].of("aws_lambda_function").values()
    }
    (one,) = answered
    arn = "arn:aws:{}:eu-central-1:123456789012:{}"
    assert read_environment(json.loads(one)) == Environment(
        control_bucket="fleet-control-123456789012",
        ledger_table=LEDGER_TABLE,
        ask_source_function=arn.format("lambda", "function:fleet-ask-source"),
        notification_topic=arn.format("sns", "fleet-runs"),
    )


def test_every_function_runs_its_handler_and_ends_before_its_state_gives_it_up(sample: Stacks) -> None:
    functions = sample["pipeline"].of("aws_lambda_function")
    assert {one["handler"] for one in functions.values()} == {f"{module}.handler" for module in MODULES.values()}
    states = {**load("database-run")["States"], **load("fleet-run")["States"]}
    for name in (*FLEET_RUN, *DATABASE_RUN):
        assert functions[MODULES[name].rpartition(".")[2]]["timeout"] < states[name]["TimeoutSeconds"], name
    assert all(one["timeout"] <= 900 for one in functions.values())


def test_the_registry_in_force_lies_where_a_run_reads_it(sample: Stacks) -> None:
    put = sample["pipeline"].of("aws_s3_object")["registry"]
    assert (put["bucket"], put["key"]) == ("fleet-control-123456789012", CURRENT_REGISTRY)
    text = (sample["pipeline"].folder / Path(put["source"]).name).read_text(encoding="utf-8")
    assert read_effective(text) == read_registry(ROOT / "registry", {})
    assert text == effective_json(read_effective(text))


def test_a_night_is_started_by_name_and_slot_in_its_time_zone(existing: Stacks) -> None:
    schedules = existing["pipeline"].of("aws_scheduler_schedule")
    assert sorted(schedules) == ["night_sundays", "night_weekdays", "sweep"]
    night = schedules["night_weekdays"]
    assert night["schedule_expression"] == "cron(0 22 ? * MON-FRI *)"
    assert night["schedule_expression_timezone"] == "Europe/Berlin"
    asked = json.loads(night["target"]["input"])
    assert asked["Name"] == "weekdays-<aws.scheduler.execution-id>"
    assert json.loads(asked["Input"]) == {
        "mode": "full",
        "schedule": "weekdays",
        "scheduled_at": "<aws.scheduler.scheduled-time>",
        "tags": ["x"],
    }
    assert night["flexible_time_window"] == {"mode": "OFF"}
    window = schedules["night_sundays"]["flexible_time_window"]
    assert window == {"maximum_window_in_minutes": 30, "mode": "FLEXIBLE"}


def test_an_account_that_has_network_and_roles_keeps_them(existing: Stacks) -> None:
    kinds = {address.partition(".")[0] for address in existing["foundation"].resources}
    assert not kinds & {
        "aws_vpc",
        "aws_subnet",
        "aws_vpc_endpoint",
        "aws_iam_role_policy_attachment",
        "aws_route_table",
    }
    group = existing["foundation"].of("aws_dms_replication_subnet_group")["subnets"]
    assert group["subnet_ids"] == ["subnet-0000000a", "subnet-0000000b"]
    network = existing["pipeline"].of("aws_lambda_function")["ask_source"]["vpc_config"]
    assert network["subnet_ids"] == ["subnet-0000000a", "subnet-0000000b"]
    instance = existing["instance-one"].of("aws_dms_replication_instance")["instance"]
    assert (instance["replication_instance_class"], instance["allocated_storage"]) == ("dms.r6i.2xlarge", 500)


def test_each_vpc_endpoint_is_made_by_itself(variants: dict[str, Stacks]) -> None:
    def made(name: str) -> set[str]:
        foundation = variants[name]["foundation"]
        return {*foundation.of("aws_vpc_endpoint"), *(f"{one} (door)" for one in foundation.of("aws_security_group"))}

    assert made("sample") == {"s3", "secrets", "sources (door)", "secrets_endpoint (door)"}
    assert made("fifty") == {"secrets", "sources (door)", "secrets_endpoint (door)"}
    assert made("existing") == {"sources (door)"}


def test_dms_finds_the_log_group_of_an_instances_tasks_made_before_the_instance(stacks: Stacks) -> None:
    for name, stack in stacks.all.items():
        for instance in stack.of("aws_dms_replication_instance").values():
            log = stack.of("aws_cloudwatch_log_group")["task_logs"]
            assert log["name"] == f"dms-tasks-{instance['replication_instance_id']}", name
            assert instance["depends_on"] == ["aws_cloudwatch_log_group.task_logs"]
            (statement,) = [one for one in _key_policy(stacks)["Statement"] if one["Sid"] == "EncryptLogs"]
            groups = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
            assert any(
                fnmatchcase(f"x:log-group:{log['name']}", f"*{one.partition(':log-group')[2]}") for one in groups
            )


def test_another_engine_in_the_settings_is_leave_for_a_major_step(stacks: Stacks) -> None:
    instances = [body for _, body in stacks.of("aws_dms_replication_instance")]
    assert {(one["allow_major_version_upgrade"], one["auto_minor_version_upgrade"]) for one in instances} == {
        (True, False)
    }


def _key_policy(stacks: Stacks) -> Any:
    return json.loads(stacks["foundation"].of("aws_kms_key")["data_key"]["policy"])


def test_the_state_of_each_stack_is_kept_apart_encrypted_and_locked(variants: dict[str, Stacks]) -> None:
    backends = [stack.document["terraform"]["backend"]["s3"] for stack in variants["fifty"].all.values()]
    assert len({one["key"] for one in backends}) == len(backends) == 3
    assert all(one["encrypt"] and one["use_lockfile"] and one["bucket"] == "acme-state" for one in backends)
