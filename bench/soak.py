"""`fleet up` used for an afternoon in a few minutes: what it keeps of memory afterwards, kind of use by kind of use.

Each kind is done once to warm up and then again and again; what the cloud's processes hold more after that than before
must stay within a bound. Nights leave their history, as they do at AWS; all else must leave next to nothing. Figures
come last; exits 1 where one falls short. The sources' PostgreSQL is not counted.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from botocore.exceptions import ClientError

from cli.sample_registry import SAMPLE_REGISTRY
from fleet.names import machine_arn
from lambdas.clients.snowflake import KeyPairToken, SqlApi, Succeeded
from localcloud.aws import ACCOUNT, REGION
from onboarding.reader import read_registry
from proofs.stack_account import FLEET, Account, NotProvenError

BUCKET = "of-soak"
_OBJECT_BYTES = 2_000_000
_PART_BYTES = 5 * 1024**2  # the least that S3 takes for a part that is not the last
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Use:
    """*times* it is done after the warm-up; *megabytes*: what the cloud may hold more afterwards, in all."""

    name: str
    do: Callable[[int], object]
    times: int
    megabytes: float


class Person:
    """Somebody who uses the account that is up."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._s3, self._sns, self._sqs, self._sts, self._machines = map(
            account.client, ("s3", "sns", "sqs", "sts", "stepfunctions")
        )
        self._settings = read_registry(SAMPLE_REGISTRY, {}).settings
        self._set_up()

    def _set_up(self) -> None:
        self._s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self._topic = self._sns.create_topic(Name=BUCKET)["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName=BUCKET)["QueueUrl"]
        snowflake, now = self._settings.snowflake, lambda: datetime.now(UTC)  # noqa: TID251  a real client's
        kms = self._account.client("kms")
        token = KeyPairToken(kms, snowflake.key_id, account=snowflake.account, user=snowflake.user, now=now)
        context = {"database": snowflake.database, "role": snowflake.role, "warehouse": snowflake.warehouse}
        self._sql = SqlApi(self._account.endpoint, token, context=context, parameters={"timezone": "UTC"})

    def overwrite(self, _: int) -> None:
        """Put 2 MB over the 2 MB before."""
        self._s3.put_object(Bucket=BUCKET, Key="overwritten", Body=os.urandom(_OBJECT_BYTES))

    def upload(self, number: int) -> None:
        """Put a file in parts; every second one is given up."""
        key = {"Bucket": BUCKET, "Key": "uploaded"}
        upload = self._s3.create_multipart_upload(**key)["UploadId"]
        parts = [
            {"PartNumber": at, "ETag": self._s3.upload_part(**key, UploadId=upload, PartNumber=at, Body=body)["ETag"]}
            for at, body in enumerate((os.urandom(_PART_BYTES), b"end"), 1)
        ]
        if number % 2:
            self._s3.complete_multipart_upload(**key, UploadId=upload, MultipartUpload={"Parts": parts})
        else:
            self._s3.abort_multipart_upload(**key, UploadId=upload)

    def read(self, _: int) -> None:
        """Get the 2 MB."""
        self._s3.download_fileobj(BUCKET, "overwritten", io.BytesIO())

    def put_and_delete(self, number: int) -> None:
        """A key of its own, gone again."""
        self._s3.put_object(Bucket=BUCKET, Key=f"gone/{number}", Body=os.urandom(_OBJECT_BYTES))
        self._s3.delete_object(Bucket=BUCKET, Key=f"gone/{number}")

    def send(self, _: int) -> None:
        """Messages of 50 kB: published to nobody, and through a queue."""
        text = "x" * 50_000
        self._sns.publish(TopicArn=self._topic, Message=text)
        self._sqs.send_message(QueueUrl=self._queue, MessageBody=text)
        for one in self._sqs.receive_message(QueueUrl=self._queue).get("Messages", ()):
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=one["ReceiptHandle"])

    def sign_in(self, number: int) -> None:
        """A role's credentials."""
        role = f"arn:aws:iam::{ACCOUNT}:role/{self._settings.prefix}-soak"
        self._sts.assume_role(RoleArn=role, RoleSessionName=f"soak-{number}")

    def ask_for_nonsense(self, number: int) -> None:
        """A request that is refused."""
        try:
            self._s3.list_objects_v2(Bucket=BUCKET, ContinuationToken=f"bogus-{number}")
        except ClientError:
            return
        raise NotProvenError("A token that nobody gave was taken.")

    def query(self, _: int) -> None:
        """A statement with a small result."""
        progress = self._sql.run(["SELECT * FROM OPS.APPLIED LIMIT 100"], str(uuid.uuid4()))
        if not isinstance(progress, Succeeded):
            raise NotProvenError(f"A statement ended otherwise: {progress}")

    def spend_night(self, number: int) -> None:
        """A night, to its end."""
        settings = self._settings
        machine = machine_arn(settings.account, settings.region, settings.prefix, "fleet-run")
        run = self._machines.start_execution(
            stateMachineArn=machine, name=f"soak-{number}", input=json.dumps({"mode": "full"})
        )
        while (found := self._machines.describe_execution(executionArn=run["executionArn"]))["status"] == "RUNNING":
            time.sleep(_LOOK_SECONDS)  # noqa: TID251  as a person looks
        if found["status"] != "SUCCEEDED":
            raise NotProvenError(f"A night ended otherwise: {found}")

    def reset(self, _: int) -> None:
        """The account as it was at the start, with what is used here."""
        folder = str(self._account.folder)
        subprocess.run([FLEET, "reset", "--folder", folder], check=True, stdout=subprocess.DEVNULL)
        self._set_up()


def main() -> int:
    """Use it, print what it kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=float, default=1, help="so many times the usual number of each")
    rounds = parser.parse_args().rounds
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fleet-soak-") as folder:
        figures = _soak(Path(folder) / "cloud", rounds)
    print()
    for name, grown, bound in figures:
        print(f"{'ok    ' if grown <= bound else 'SHORT '} {name:<60} {grown:8.1f} MB kept, at most {bound:.0f}")
    short = sum(grown > bound for _, grown, bound in figures)
    print(f"{len(figures)} figures, {short} fall short; {time.monotonic() - began:.0f} s")
    return 1 if short else 0


def _uses(person: Person) -> list[Use]:
    return [
        Use("overwrites of a key of 2 MB", person.overwrite, 200, 10),
        Use("uploads of 5 MB in parts, every second given up", person.upload, 30, 15),
        Use("downloads of 2 MB", person.read, 100, 10),
        Use("objects of 2 MB, put and deleted", person.put_and_delete, 100, 10),
        Use("messages of 50 kB to a topic and through a queue", person.send, 300, 10),
        Use("roles assumed", person.sign_in, 300, 5),
        Use("requests that are refused", person.ask_for_nonsense, 500, 5),
        Use("statements of Snowflake's", person.query, 300, 15),
        Use("nights of 2 databases of 3 tables", person.spend_night, 4, 40),
        Use("resets", person.reset, 4, 40),
    ]


def _soak(folder: Path, rounds: float) -> list[tuple[str, float, float]]:
    command = [FLEET, "up", "--folder", str(folder), "--port", "0", "--fleet", "sample", "--databases", "2"]
    command += ["--tables", "3", "--clock", "virtual", "--json"]
    figures = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            ready = json.loads(running.stdout.readline() if running.stdout else "")
            cloud = psutil.Process(running.pid)
            start = _megabytes(cloud)
            for use in _uses(Person(Account(folder, ready["endpoint"], ready["environment"]))):
                times = max(1, round(use.times * rounds))
                for number in range(max(1, times // 10)):
                    use.do(number)
                before = _megabytes(cloud)
                for number in range(1_000, 1_000 + times):
                    use.do(number)
                figures.append((f"{times} {use.name}", _megabytes(cloud) - before, use.megabytes * max(1, rounds)))
                print(f"  {use.name}: {before:.0f} MB, then {_megabytes(cloud):.0f}", flush=True)
            figures.append(("all of it, from the start", _megabytes(cloud) - start, 150 * max(1, rounds)))
        finally:
            running.terminate()
    return figures


def _megabytes(cloud: psutil.Process) -> float:
    """What the cloud's own processes hold: itself, the warehouse's and its functions'."""
    ours = [one for one in cloud.children(recursive=True) if "python" in one.name()]
    return sum(one.memory_info().rss for one in [cloud, *ours]) / 1e6


if __name__ == "__main__":
    sys.exit(main())
