"""The stack, proven without an account: `make verify-stack`. Each step with its seconds; figures last.

`fleet deploy` applies the stacks with Terraform and AWS's own provider to an empty `fleet up`; the state machines that
it made then run a night with the functions that it uploaded, each in an interpreter that has nothing but the package;
`fleet deploy --plan-only` finds nothing to change; and `fleet destroy` takes all of it away. Exits 1 with the reason
where one fails.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3

from fleet.databases import Registry
from fleet.errors import FleetError
from fleet.names import function_name, ledger_table, machine_arn
from fleet.tables.catalogue import TableName
from fleet.warehouse import qualified
from lambdas.clients.snowflake import KeyPairToken, SqlApi, Succeeded
from local.sources.sample_fleet import BuiltDatabase, build
from local.terraform import Installed, Terraform, find
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry
from proofs.stack_account import (
    Account,
    NotProvenError,
    empty_account,
    inventory,
    prepare,
    set_up_snowflake,
    write_fleet,
)
from proofs.stack_commands import Operator, count

HERE = Path("build/verify-stack").resolve()
DATABASES, TABLES = 6, 6
RUN = "verified"
LOOK_SECONDS = 1


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
    HERE.mkdir(parents=True)
    with EmbeddedPostgres.start(HERE / "source") as server, empty_account(HERE / "account") as account:
        with steps.step(f"build {DATABASES} source databases of {TABLES} tables"):
            built = build(server, DATABASES, TABLES)
            folder = write_fleet(built, account, HERE / "registry")
            registry = read_registry(folder, {})
        prepare(account, registry, server.secret("postgres"))
        before = inventory(account)
        operator = Operator(folder, HERE / "stack", account, installed)
        made, stacks = _deploy(steps, operator, registry)
        with steps.step("run a night through Step Functions"):
            ended = _run_night(account, registry)
        rows = _check_night(account, registry, built, ended)
        _require_logs(account, registry)
        with steps.step("fleet deploy --plan-only: no stack would change"):
            operator.require_no_change()
        with steps.step("fleet destroy"):
            gone = count(operator.destroy(), "delete")
        if left := sorted(inventory(account) - before):
            raise NotProvenError("after destroying, there is left: " + "; ".join(left))
        if gone != made:
            raise NotProvenError(f"{made} resources were created and {gone} destroyed.")
    return [
        ("stacks", f"{stacks}, {made} resources, none left after destroying"),
        ("night", f"{DATABASES} databases ok, {DATABASES * TABLES} tables, {rows:,} rows in the warehouse"),
        ("plan after the night", "no change in any stack"),
        ("package", f"{(HERE / 'stack/stacks/pipeline/functions.zip').stat().st_size / 2**20:.1f} MB"),
    ]


def _deploy(steps: Steps, operator: Operator, registry: Registry) -> tuple[int, int]:
    """As docs/deploy.md does it, the foundation first: how many resources were made, in how many stacks."""
    with steps.step("fleet deploy --stack foundation"):
        (foundation,) = operator.deploy("foundation")
    with steps.step("set Snowflake up"):
        set_up_snowflake(operator.account, registry.settings, foundation["outputs"]["snowflake_role_arn"])
    folders = sorted((operator.folder / "stacks").iterdir())
    stacks = [Terraform(operator.installed, one, operator.account.environment) for one in folders]
    with steps.step("terraform validate, each stack"):
        for stack in stacks:
            stack.init()
            stack.validate()
    with steps.step("fleet deploy"):
        rest = operator.deploy()
    return count([foundation, *rest], "create"), len(stacks)


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


def _require_logs(account: Account, registry: Registry) -> None:
    """What PlanRun logged of the run is found where a person looks for it at AWS."""
    group = f"/aws/lambda/{function_name(registry.settings.prefix, 'PlanRun')}"
    found = account.client("logs").filter_log_events(logGroupName=group)["events"]
    if not any(RUN in one["message"] for one in found):
        raise NotProvenError(f"{group} holds {len(found)} events, and none that names the run.")


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
