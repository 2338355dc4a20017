"""Every fault that the local cloud can be asked for, as data: what happens, and what a night must make of it.

The verdicts are of a database's first night, with the fault's parameters as they are by default. `tests/night` holds
each of them against a real night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fleet.failures import CLASSES, FailureClass
from fleet.outcomes import OutcomeName

Place = Literal["source", "instance", "DMS API", "S3", "Snowflake", "any API", "handler"]
Value = Literal["table", "operation", "count", "seconds", "state", "when", "death"]


@dataclass(frozen=True)
class Parameter:
    """One part of a fault's name after a colon. *default*: taken where it is left out; None means that it may not be.

    An empty default of a table means the first one that comes up.
    """

    name: str
    value: Value
    default: str | None


@dataclass(frozen=True)
class Verdict:
    """How a database ends: the outcome, and unless it is ok, the failure's class and name."""

    outcome: OutcomeName
    failure_class: FailureClass | None = None
    failure_name: str | None = None

    @property
    def owner(self) -> str:
        """The team that owns the cause."""
        return CLASSES[self.failure_class].owner if self.failure_class else ""

    def __str__(self) -> str:
        return f"{self.outcome}: {self.failure_class} {self.failure_name}" if self.failure_class else self.outcome


OK = Verdict("ok")


@dataclass(frozen=True)
class Kind:
    """One fault. *night*: what the struck night makes of it; *rerun*: what one does after the cause is gone."""

    name: str
    place: Place
    happens: str
    night: Verdict
    parameters: tuple[Parameter, ...] = ()
    rerun: Verdict = OK

    @property
    def usage(self) -> str:
        """How it is written, parameters that may be left out in brackets."""
        parts = (f":{one.name}" if one.default is None else f"[:{one.name}]" for one in self.parameters)
        return self.name + "".join(parts)


_TABLE = Parameter("TABLE", "table", "")
_OPERATION = Parameter("OPERATION", "operation", "StartReplicationTask")
_TIMES = Parameter("TIMES", "count", "2")
_DEATH = Parameter("DEATH", "death", "exited")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "bad-password",
            "source",
            "The secret's password is not the source's any more.",
            Verdict("failed", "credentials", "SourceRefused"),
        ),
        Kind(
            "mapping-empty",
            "source",
            "The grants are revoked: the source answers, and shows no table.",
            Verdict("failed", "mapping_empty", "NothingSelected"),
        ),
        Kind(
            "source-test-fails",
            "source",
            "DMS does not reach the source, which answers to everybody else.",
            Verdict("failed", "connection", "ConnectionTestFailed"),
        ),
        Kind(
            "errored-table",
            "source",
            "One table cannot be read.",
            Verdict("partial", "table_error", "TableNotLoaded"),
            (_TABLE,),
        ),
        Kind(
            "lost-source",
            "source",
            "The source drops away in the middle of the load and stays away.",
            Verdict("failed", "connection", "SourceLost"),
        ),
        Kind(
            # Source: docs/facts/dms.md 7.7, "full load integrity".
            "source-lost-in-peace",
            "source",
            "The source drops away and comes back: DMS reports a table complete with half of its rows.",
            Verdict("partial", "table_error", "RowsDifferFromSource"),
        ),
        Kind(
            "slow-count",
            "source",
            "One table is not counted within count_table_seconds: a gap, and its rows are loaded.",
            OK,
            (_TABLE,),
        ),
        Kind(
            "slow-counts",
            "source",
            "Counts take so long that one call of AskSource has time for one table: they come in pieces.",
            OK,
        ),
        Kind(
            "disk-full",
            "instance",
            "The instance's disk is full in the middle of the load: STOPPED_DUE_TO_LOW_DISK.",
            Verdict("failed", "instance_exhausted", "TaskStoppedEarly"),
        ),
        Kind(
            "out-of-memory",
            "instance",
            "The instance's memory is spent in the middle of the load.",
            Verdict("failed", "instance_exhausted", "TaskFailed"),
        ),
        Kind(
            "half-loaded",
            "instance",
            "Someone stops the task in the middle of the load.",
            Verdict("failed", "cancelled", "TaskStoppedEarly"),
        ),
        Kind(
            "task-stuck",
            "instance",
            "The task says `running`, and nothing moves any more.",
            Verdict("failed", "unknown", "TaskStuck"),
        ),
        Kind(
            "task-never-ends",
            "instance",
            "A table is begun anew again and again.",
            Verdict("failed", "unknown", "TaskTooLong"),
        ),
        Kind(
            "task-gone",
            "DMS API",
            "The task was deleted after the run was planned.",
            Verdict("failed", "not_deployed", "ResourceGone"),
        ),
        Kind(
            "test-never-ends",
            "DMS API",
            "The target's connection test stays `testing`.",
            Verdict("failed", "landing_access", "TestTooLong"),
        ),
        Kind(
            "task-modifies-for-ever",
            "DMS API",
            "The task stays `modifying`, and does not stop either.",
            Verdict("failed", "unknown", "TaskModifiesTooLong"),
        ),
        Kind(
            "task-forgets",
            "DMS API",
            "DMS takes the task's settings and gives back others.",
            Verdict("failed", "unknown", "TaskNotAsWanted"),
        ),
        Kind(
            "task-never-stops",
            "DMS API",
            "The task stays `stopping` after its load.",
            Verdict("failed", "unknown", "TaskDoesNotStop"),
        ),
        Kind(
            "endpoint-modifies-for-ever",
            "DMS API",
            "The target endpoint stays `modifying`.",
            Verdict("failed", "unknown", "EndpointModifiesTooLong"),
        ),
        Kind(
            "endpoint-moved",
            "DMS API",
            "Someone points the endpoint elsewhere between PointEndpoint and StartTask.",
            Verdict("failed", "landing_mismatch", "EndpointNotAsWanted"),
        ),
        Kind(
            "target-test-fails",
            "S3",
            "The endpoint's role may no longer write its prefix.",
            Verdict("failed", "landing_access", "ConnectionTestFailed"),
        ),
        Kind(
            "stray-object",
            "S3",
            "Somebody puts an object into the folder while it is written.",
            Verdict("failed", "landing_mismatch", "StrayObjects"),
        ),
        Kind(
            "late-object",
            "S3",
            "An object comes to the folder after its seal: this night is right, the next one says so, once.",
            OK,
            rerun=Verdict("failed", "landing_mismatch", "LateObject"),
        ),
        Kind(
            "refused-copy",
            "Snowflake",
            "Snowflake refuses one table's COPY.",
            Verdict("partial", "warehouse", "LoadRefused"),
            (_TABLE,),
        ),
        Kind(
            "load-never-ends",
            "Snowflake",
            "Snowflake works on one table's load until it is asked to cancel it.",
            Verdict("partial", "warehouse", "LoadTooLong"),
            (_TABLE,),
        ),
        Kind(
            "warehouse-down",
            "Snowflake",
            "Snowflake answers 503 for SECONDS to every request of this database.",
            OK,
            (Parameter("SECONDS", "seconds", "15"),),
        ),
        Kind(
            "throttled-before",
            "any API",
            "The API refuses OPERATION TIMES times, without having done it.",
            OK,
            (_OPERATION, _TIMES),
        ),
        Kind(
            "throttled-after",
            "any API",
            "The API does OPERATION and answers that it refuses it, TIMES times.",
            OK,
            (_OPERATION, _TIMES),
        ),
        Kind(
            "timed-out-before",
            "any API",
            "The connection breaks before OPERATION is done, TIMES times.",
            OK,
            (_OPERATION, _TIMES),
        ),
        Kind(
            "timed-out-after",
            "any API",
            "The connection breaks after OPERATION was done and before its answer came, TIMES times.",
            OK,
            (_OPERATION, _TIMES),
        ),
        Kind(
            "killed-handler",
            "handler",
            "The function of STATE dies once, right after its EFFECT-th call that changes something; 0: as it begins.",
            OK,
            (Parameter("STATE", "state", None), Parameter("EFFECT", "count", None), _DEATH),
        ),
        Kind(
            "killed-call",
            "handler",
            "The function of STATE dies right `before` or `after` its CALL-th call of any client, whatever that does; "
            "and at each one from there on, until it has died TIMES times.",
            OK,
            (
                Parameter("STATE", "state", "SealFolder"),
                Parameter("CALL", "count", "3"),
                Parameter("WHEN", "when", "before"),
                Parameter("TIMES", "count", "1"),
                _DEATH,
            ),
        ),
        Kind(
            "killed-everywhere",
            "handler",
            "Each state's function dies once, right after its first effect, or at its end if it has none.",
            OK,
            (_DEATH,),
        ),
        Kind(
            "dies-each-time",
            "handler",
            "The function of STATE dies as it begins, each time that it is called.",
            Verdict("failed", "function_died", "FunctionTimedOut"),
            (Parameter("STATE", "state", "SealFolder"), Parameter("DEATH", "death", "timed-out")),
        ),
    )
}

SPREAD = (
    "errored-table",
    "lost-source",
    "killed-everywhere",
    "bad-password",
    "source-lost-in-peace",
    "throttled-after",
    "half-loaded",
    "refused-copy",
    "stray-object",
    "source-test-fails",
    "timed-out-after",
    "out-of-memory",
    "endpoint-moved",
    "task-stuck",
    "disk-full",
    "mapping-empty",
    "target-test-fails",
    "warehouse-down",
    "task-gone",
    "test-never-ends",
)
"""The order in which databases are broken where only their number is given; then from the start again."""
