"""The stack, proven without an account: `make verify-stack`. Each step with its seconds; figures last.

The synthesised stacks are applied by Terraform with AWS's own provider to an empty `fleet up`; the state machines that
it made then run a night with the functions that it uploaded, each in an interpreter that has nothing but the package; a
plan of every stack finds nothing to change; and all of it is destroyed again. Exits 1 with the reason where one fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from bench.stack_account import (
    Account,
    NotProvenError,
    empty_account,
    inventory,
    prepare,
    set_up_snowflake,
    write_fleet,
)
from fleet.databases import Registry
from fleet.errors import FleetError
from fleet.names import ledger_table, machine_arn
from fleet.tables.catalogue import TableName
from fleet.warehouse import qualified
from lambdas.clients.snowflake import KeyPairToken, SqlApi, Succeeded
from local.sources.postgres import EmbeddedPostgres
from local.sources.sample_fleet import BuiltDatabase, build
from local.terraform import Installed, Terraform, find
from onboarding.reader import read_registry
from orchestration.package import HOST, build_package, host_python

HERE = Path("build/verify-stack").resolve()
DATABASES, TABLES = 6, 6
RUN = "verified"
LOOK_SECONDS = 1
T = TypeVar("T")


class Steps:
    """What was done, and how long each took."""

    def __init__(self) -> None:
        self.done: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Print *name* with its seconds once what is within has ended well."""
        began = time.monotonic()
        yield
        self.done.append((name, time.monotonic() - began))
        print(f"  {self.done[-1][1]:6.1f} s  {name}", flush=True)

    def of_each(self, name: str, stacks: list[Terraform], do: Callable[[Terraform], T]) -> list[T]:
        """*do* with each stack: the instances' at once, since none of them needs another."""

        def one(stack: Terraform) -> T:
            with self.step(f"{name} {stack.folder.name}"):
                return do(stack)

        with ThreadPoolExecutor(len(stacks)) as pool:
            return list(pool.map(one, stacks))


def main() -> int:
    """Do it all; 0 if everything is as it must be."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    steps, began = Steps(), time.monotonic()
    try:
        installed = find()
        print(f"Terraform {installed.program}, AWS's provider {installed.version}", flush=True)
        figures = _verify(steps, installed)
    except FleetError as error:
        print(f"NOT PROVEN: {error}", flush=True)
        return 1
    print("\nFigures")
    for what, value in [*figures, ("in all", f"{time.monotonic() - began:.0f} s")]:
        print(f"  {what}: {value}")
    return 0


def _verify(steps: Steps, installed: Installed) -> list[tuple[str, str]]:
    shutil.rmtree(HERE, ignore_errors=True)
    with steps.step("build the package of the functions for this host"):
        package = build_package(HERE / "package", architecture=HOST, python=host_python())
    with EmbeddedPostgres.start(HERE / "source") as server, empty_account(HERE / "account") as account:
        with steps.step(f"build {DATABASES} source databases of {TABLES} tables"):
            built = build(server, DATABASES, TABLES)
            folder = write_fleet(built, account, HERE / "registry")
            registry = read_registry(folder, {})
        prepare(account, registry, server.secret("postgres"))
        before = inventory(account)
        with steps.step("synthesise"):
            names = synthesise(folder, HERE / "stack", package)
        stacks = [Terraform(installed, HERE / "stack/stacks" / name, account.environment) for name in names]
        _apply(steps, stacks, account, registry)
        made = sum(len(stack.resources()) for stack in stacks)
        with steps.step("run a night through Step Functions"):
            ended = _run_night(account, registry)
        rows = _check_night(account, registry, built, ended)
        _require_no_change(steps, stacks)
        for stage in reversed(_stages(stacks)):
            steps.of_each("destroy", stage, Terraform.destroy)
        if left := sorted(inventory(account) - before):
            raise NotProvenError("after destroying, there is left: " + "; ".join(left))
    return [
        ("stacks", f"{len(stacks)}, {made} resources, none left after destroying"),
        ("night", f"{DATABASES} databases ok, {DATABASES * TABLES} tables, {rows:,} rows in the warehouse"),
        ("plan after the night", "no change in any stack"),
        ("package", f"{package.stat().st_size / 2**20:.1f} MB"),
    ]


def synthesise(registry: Path, folder: Path, package: Path) -> list[str]:
    """The names of the stacks of *registry*, now in *folder*, in their order."""
    command = [sys.executable, "main.py", "--registry", str(registry), "--output", str(folder)]
    done = subprocess.run([*command, "--package", str(package)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotProvenError(f"main.py ended with {done.returncode}: {done.stderr[-2000:]}")
    return [Path(line).name for line in done.stdout.split()]


def _stages(stacks: list[Terraform]) -> list[list[Terraform]]:
    """The stacks that may be worked on at once, in their order: the foundation, the instances, the pipeline."""
    first, *instances, last = stacks
    return [[first], instances, [last]]


def _apply(steps: Steps, stacks: list[Terraform], account: Account, registry: Registry) -> None:
    for number, stage in enumerate(_stages(stacks)):
        steps.of_each("init", stage, Terraform.init)
        steps.of_each("validate", stage, Terraform.validate)
        if not all(steps.of_each("plan", stage, Terraform.changes)):
            raise NotProvenError("a plan of an empty account makes nothing.")
        steps.of_each("apply", stage, Terraform.apply)
        if not number:
            with steps.step("set Snowflake up"):
                set_up_snowflake(account, registry.settings, stage[0].outputs()["snowflake_role_arn"])


def _require_no_change(steps: Steps, stacks: list[Terraform]) -> None:
    for stack in stacks:
        with steps.step(f"plan {stack.folder.name} again"):
            if changes := stack.changes():
                raise NotProvenError(f"after the night, a plan of {stack.folder.name} would change:\n{changes[-4000:]}")


def _run_night(account: Account, registry: Registry) -> dict[str, Any]:
    """The description of `fleet-run`'s execution, once it has ended."""
    machines, settings = account.client("stepfunctions"), registry.settings
    arn = machine_arn(settings.account, settings.region, settings.prefix, "fleet-run")
    started = machines.start_execution(stateMachineArn=arn, name=RUN, input=json.dumps({"mode": "full"}))
    while (run := machines.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        time.sleep(LOOK_SECONDS)  # noqa: TID251  as a person looks
    return run


def _check_night(account: Account, registry: Registry, built: tuple[BuiltDatabase, ...], run: dict[str, Any]) -> int:
    """The rows in the warehouse.

    Raises:
        NotProvenError: The run failed, a database is not ok, or the warehouse holds other rows than the sources.
    """
    items = account.client("dynamodb").query(
        TableName=ledger_table(registry.settings.prefix),
        KeyConditionExpression="pk = :run AND begins_with(sk, :database)",
        ExpressionAttributeValues={":run": {"S": f"RUN#{RUN}"}, ":database": {"S": "DB#"}},
    )["Items"]
    outcomes = Counter(item["outcome"]["S"] for item in items)
    if run["status"] != "SUCCEEDED" or outcomes != {"ok": DATABASES}:
        cause = f"{run.get('error')}: {run.get('cause')}"
        raise NotProvenError(
            f"the night ended {run['status']} with {dict(outcomes)}; {cause}",
            remedy=f"What the functions said is in {account.folder}/functions/*.log.",
        )
    rows, wanted = _warehouse_rows(account, registry, run), sum(one.rows for one in built)
    if rows != wanted:
        raise NotProvenError(f"the warehouse holds {rows:,} rows, the sources {wanted:,}.")
    return rows


def _warehouse_rows(account: Account, registry: Registry, run: dict[str, Any]) -> int:
    """Counted in the published tables, over the SQL API, as the loader's user."""
    where = registry.settings.snowflake
    token = KeyPairToken(
        # The cloud's time: it is ahead of ours by what it skipped.
        *(account.client("kms"), where.key_id),
        account=where.account,
        user=where.user,
        now=lambda: run["stopDate"],
    )
    context = {"database": where.database, "role": where.role, "warehouse": where.warehouse}
    with urllib3.PoolManager() as pool:
        api = SqlApi(where.account_url, token, context=context, parameters={"timezone": "UTC"}, transport=pool)

        def ask(sql: str) -> list[dict[str, str | None]]:
            answer = api.run([sql], f"verify-{hash(sql)}")
            if not isinstance(answer, Succeeded) or answer.results[0] is None:
                raise NotProvenError(f"the warehouse answered {answer} to {sql[:200]}")
            return answer.results[0]

        loaded = ask("SELECT database_id, schema_name, table_name FROM OPS.APPLIED")
        tables = {
            qualified(where, str(one["database_id"]), TableName(str(one["schema_name"]), str(one["table_name"])))
            for one in loaded
        }
        counts = " UNION ALL ".join(f"SELECT COUNT(*) AS n FROM {table}" for table in sorted(tables))
        return int(str(ask(f"SELECT SUM(n) AS n FROM ({counts})")[0]["n"]))


if __name__ == "__main__":
    sys.exit(main())
