"""A night of N databases of M tables in a `fleet up` of its own, started, watched and read over the socket by boto3.

    python -m bench.http_night --databases 250 --tables 48 --folder /tmp/http

Prints wall seconds, the CPU seconds of the cloud's process (PostgreSQL's and this client's apart) and the memory at its
peak; `bench/large_night.py` is the same night in one process. Exits 1 when the night is not green, or when what it left
is not all there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil

from bench.resource_usage import spent
from cli.sample_registry import SAMPLE_REGISTRY
from fleet.databases import Settings
from fleet.names import ledger_table, machine_arn, task_id
from localcloud.aws import own_session
from onboarding.reader import read_registry

FLEET = str(Path(sys.executable).parent / "fleet")
LOOK_SECONDS = 2
RUN = "over-http"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the night; 0 when it is green and all of it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=48)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args(arguments)
    settings = read_registry(SAMPLE_REGISTRY, {}).settings
    with _up(given.folder, given.databases, given.tables) as (process, document):
        environment = document["environment"]

        def client(service: str) -> Any:
            return boto3.Session(botocore_session=own_session()).client(
                service,
                region_name=environment["AWS_REGION"],
                endpoint_url=document["endpoint"],
                aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            )

        before, own, began = spent(process), time.process_time(), time.monotonic()
        status, looks = _night(client("stepfunctions"), settings)
        wall, after, own = time.monotonic() - began, spent(process), time.process_time() - own
        cloud, postgres = after.ours - before.ours, after.postgres - before.postgres
        outcomes, tables, objects = _left(client, settings)
    print(f"{dict(outcomes)}, {tables} tables by DMS's statistics, {objects} objects, {looks} looks at it")
    print(
        f"{status}: {given.databases} databases, {tables} tables in {wall:.0f} s, {cloud:.0f} s CPU, "
        f"{1000 * cloud / max(1, tables):.1f} ms a table; {postgres:.0f} s CPU of PostgreSQL, {own:.0f} s of "
        f"the client; {after.peak_megabytes:.0f} MB peak"
    )
    wanted = given.databases * given.tables
    is_whole = outcomes == {"ok": given.databases} and tables == wanted and objects >= wanted
    return 0 if status == "SUCCEEDED" and is_whole else 1


@contextmanager
def _up(folder: Path, databases: int, tables: int) -> Iterator[tuple[psutil.Process, dict[str, Any]]]:
    """The local cloud in a process of its own, and what it said of itself."""
    command = [FLEET, "up", "--folder", str(folder), "--port", "0", "--fleet", "sample", "--clock", "virtual", "--json"]
    command += ["--databases", str(databases), "--tables", str(tables)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            said = running.stdout.readline() if running.stdout else ""
            if not said:
                raise SystemExit(f"fleet up ended with {running.wait()}")
            yield psutil.Process(running.pid), json.loads(said)
        finally:
            running.terminate()


def _night(machines: Any, settings: Settings) -> tuple[str, int]:
    """How it ended, and how often it was looked at: each time the execution, and all those of its databases."""
    fleet_run, database_run = (
        machine_arn(settings.account, settings.region, settings.prefix, name) for name in ("fleet-run", "database-run")
    )
    run = machines.start_execution(stateMachineArn=fleet_run, name=RUN, input=json.dumps({"mode": "full"}))
    looks = 0
    while (status := machines.describe_execution(executionArn=run["executionArn"])["status"]) == "RUNNING":
        pages = machines.get_paginator("list_executions").paginate(stateMachineArn=database_run)
        words = Counter(one["status"] for page in pages for one in page["executions"])
        print(f"  {dict(words)}", flush=True)
        looks += 1
        time.sleep(LOOK_SECONDS)  # noqa: TID251  as a person looks
    return status, looks


def _left(client: Callable[[str], Any], settings: Settings) -> tuple[Counter[str], int, int]:
    """The outcomes in the ledger, the tables that DMS says are completed, the objects that landed."""
    pages = client("dynamodb").get_paginator("query")
    items = [
        item
        for page in pages.paginate(
            TableName=ledger_table(settings.prefix),
            KeyConditionExpression="pk = :run AND begins_with(sk, :database)",
            ExpressionAttributeValues={":run": {"S": f"RUN#{RUN}"}, ":database": {"S": "DB#"}},
        )
        for item in page["Items"]
    ]
    tables = _completed(client("dms"), settings, [item["sk"]["S"].removeprefix("DB#") for item in items])
    landed = client("s3").get_paginator("list_objects_v2").paginate(Bucket=settings.landing_bucket)
    objects = sum(one["Key"].endswith(".parquet") for page in landed for one in page.get("Contents", ()))
    return Counter(item["outcome"]["S"] for item in items), tables, objects


def _completed(dms: Any, settings: Settings, databases: list[str]) -> int:
    wanted = {task_id(settings.prefix, name, "full") for name in databases}
    tasks = [
        task["ReplicationTaskArn"]
        for page in dms.get_paginator("describe_replication_tasks").paginate(WithoutSettings=True)
        for task in page["ReplicationTasks"]
        if task["ReplicationTaskIdentifier"] in wanted
    ]
    pages = dms.get_paginator("describe_table_statistics")
    return sum(
        row["TableState"] == "Table completed"
        for task in tasks
        for page in pages.paginate(ReplicationTaskArn=task)
        for row in page["TableStatistics"]
    )


if __name__ == "__main__":
    sys.exit(main())
