"""The stack, proven without an account: `make verify-stack`. Each step with its seconds; figures last.

`fleet deploy` applies the stacks with Terraform and AWS's own provider to an empty `fleet up`; the state machines that
it made then run a night with the functions that it uploaded, each in an interpreter that has nothing but the package;
rows change at the sources, and two runs of mode `delta` follow, the second of which has to make a task anew;
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
from psycopg import sql

from fleet.databases import Mode, Registry
from fleet.errors import FleetError
from fleet.names import function_name, ledger_table, machine_arn, task_id
from fleet.tables.catalogue import TableName
from fleet.warehouse import qualified
from lambdas.clients.snowflake import KeyPairToken, SqlApi, Succeeded
from local.sources.sample_fleet import build
from local.sources.traffic import make_traffic
from local.terraform import Installed, Terraform, find
from localcloud.servers.postgres import EmbeddedPostgres
from onboarding.reader import read_registry
from proofs.stack_account import (
    DELTAS,
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
RUN, DELTA, REBORN = "verified", "verified-delta", "verified-reborn"
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
            ended = _run(account, registry, RUN, "full")
        _require_ok(account, registry, ended, RUN, DATABASES)
        rows = _check_rows(account, registry, server, ended)
        if rows != sum(one.rows for one in built):
            raise NotProvenError(f"the warehouse holds {rows:,} rows, the sources {sum(one.rows for one in built):,}.")
        _require_logs(account, registry)
        with steps.step(f"change rows at {DELTAS} sources, and run a delta"):
            changes = _change(server, registry)
            _require_ok(account, registry, _run(account, registry, DELTA, "delta"), DELTA, DELTAS)
        with steps.step("delete a task of type cdc, and run a delta, which makes it anew"):
            changes += _change(server, registry)
            _delete_task(account, registry)
            reborn = _run(account, registry, REBORN, "delta")
            _require_ok(account, registry, reborn, REBORN, DELTAS)
            _check_rows(account, registry, server, reborn)
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
        ("deltas", f"{DELTAS} databases ok twice, {changes:,} changes, once with a task made anew"),
        ("plan after them", "no change in any stack"),
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


def _run(account: Account, registry: Registry, run: str, mode: Mode) -> dict[str, Any]:
    """The description of the execution of `fleet-run` that *run* is, once it has ended."""
    machines, settings = account.client("stepfunctions"), registry.settings
    arn = machine_arn(settings.account, settings.region, settings.prefix, "fleet-run")
    started = machines.start_execution(stateMachineArn=arn, name=run, input=json.dumps({"mode": mode}))
    while (found := machines.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
        time.sleep(LOOK_SECONDS)  # noqa: TID251  as a person looks
    return found


def _require_ok(account: Account, registry: Registry, ended: dict[str, Any], run: str, databases: int) -> None:
    """Raises NotProvenError where *run* failed, or other than so many *databases* of it are ok."""
    items = account.client("dynamodb").query(
        TableName=ledger_table(registry.settings.prefix),
        KeyConditionExpression="pk = :run AND begins_with(sk, :database)",
        ExpressionAttributeValues={":run": {"S": f"RUN#{run}"}, ":database": {"S": "DB#"}},
    )["Items"]
    outcomes = Counter(item["outcome"]["S"] for item in items)
    if ended["status"] != "SUCCEEDED" or outcomes != {"ok": databases}:
        cause = f"{ended.get('error')}: {ended.get('cause')}"
        raise NotProvenError(
            f"run {run} ended {ended['status']} with {dict(outcomes)}; {cause}",
            remedy=f"What the functions said is in {account.folder}/functions/*.log.",
        )


def _check_rows(account: Account, registry: Registry, server: EmbeddedPostgres, run: dict[str, Any]) -> int:
    """The rows in the warehouse.

    Raises:
        NotProvenError: It holds other rows of a table than its source.
    """
    counted = _warehouse_rows(account, registry, run)
    names = {database.id: database.name_at_source for database in registry.databases}
    for (database, name), rows in counted.items():
        with server.connect(names[database]) as connection:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*name))
            wanted = connection.execute(query).fetchall()[0][0]
        if rows != wanted:
            raise NotProvenError(f"{database}: {name} has {rows:,} rows in the warehouse, {wanted:,} at its source.")
    return sum(counted.values())


def _change(server: EmbeddedPostgres, registry: Registry) -> int:
    """Change rows at the sources that do deltas; how many."""
    changes = 0
    for database in registry.databases:
        if database.deltas:
            with server.connect(database.name_at_source) as connection:
                changes += sum(one.all for one in make_traffic(connection, database.schemas, seed=changes))
    return changes


def _delete_task(account: Account, registry: Registry) -> None:
    """Delete the task of type `cdc` of the first database, as a person may."""
    dms, name = account.client("dms"), task_id(registry.settings.prefix, registry.databases[0].id, "delta")
    filters = [{"Name": "replication-task-id", "Values": [name]}]
    (found,) = dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"]
    dms.delete_replication_task(ReplicationTaskArn=found["ReplicationTaskArn"])


def _require_logs(account: Account, registry: Registry) -> None:
    """What PlanRun logged of the run is found where a person looks for it at AWS."""
    group = f"/aws/lambda/{function_name(registry.settings.prefix, 'PlanRun')}"
    found = account.client("logs").filter_log_events(logGroupName=group)["events"]
    if not any(RUN in one["message"] for one in found):
        raise NotProvenError(f"{group} holds {len(found)} events, and none that names the run.")


def _warehouse_rows(account: Account, registry: Registry, run: dict[str, Any]) -> dict[tuple[str, TableName], int]:
    """Rows of each published table, by its database and name, counted over the SQL API, as the loader's user."""
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

        loaded = ask("SELECT DISTINCT database_id, schema_name, table_name FROM OPS.APPLIED")
        tables = [
            (str(one["database_id"]), TableName(str(one["schema_name"]), str(one["table_name"]))) for one in loaded
        ]
        counts = " UNION ALL ".join(
            f"SELECT {number} AS which, COUNT(*) AS n FROM {qualified(where, database, name)}"
            for number, (database, name) in enumerate(tables)
        )
        return {tables[int(str(one["which"]))]: int(str(one["n"])) for one in ask(counts)}


if __name__ == "__main__":
    sys.exit(main())
