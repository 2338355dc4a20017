"""What others do to a database's resources between two states of its night."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fleet.attempts import Attempt
from fleet.databases import Settings
from fleet.names import endpoint_role_name, target_endpoint_id
from local.faults.causes import Cause
from orchestration.roles import write_one_prefix

Client = Callable[[str], Any]


class Moments:
    """Deeds by the fault's name, each done once, ahead of the first call of one state."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self.deeds: dict[str, tuple[str, Callable[[Cause, Attempt], None]]] = {
            "target-test-fails": ("PointEndpoint", self._take_prefix),
            "endpoint-moved": ("StartTask", self._move_endpoint),
            "stray-object": ("SealFolder", self._put_stray),
            "late-object": ("SubmitLoads", self._put_late),
        }

    def come(self, cause: Cause, state: str, event: Mapping[str, Any]) -> None:
        """Do *cause*'s deed if its moment is there."""
        when, deed = self.deeds[cause.fault.name]
        if state == when and cause.strike_at_most(1):
            given = event["attempt"]
            names = ("run", "database", "mode", "number", "execution")
            deed(cause, Attempt(**{name: given[name] for name in names}))

    def _take_prefix(self, cause: Cause, attempt: Attempt) -> None:
        iam, role = self._client("iam"), endpoint_role_name(self._settings.prefix, attempt.database)
        right = json.dumps(write_one_prefix(self._settings, attempt.database))
        wrong = json.dumps(write_one_prefix(self._settings, "another-database"))
        iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=wrong)
        cause.undo_by(lambda: iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=right))

    def _move_endpoint(self, _: Cause, attempt: Attempt) -> None:
        dms, name = self._client("dms"), target_endpoint_id(self._settings.prefix, attempt.database)
        found = dms.describe_endpoints(Filters=[{"Name": "endpoint-id", "Values": [name]}])["Endpoints"][0]
        elsewhere = replace(attempt, run="somebody-elses-run").folder.prefix
        dms.modify_endpoint(EndpointArn=found["EndpointArn"], S3Settings={"BucketFolder": elsewhere})

    def _put_stray(self, _: Cause, attempt: Attempt) -> None:
        self._put(f"{attempt.folder.prefix}/notes.txt")

    def _put_late(self, _: Cause, attempt: Attempt) -> None:
        self._put(f"{attempt.folder.prefix}/public/late/LOAD00000001.parquet")

    def _put(self, key: str) -> None:
        self._client("s3").put_object(Bucket=self._settings.landing_bucket, Key=key, Body=b"somebody's")
