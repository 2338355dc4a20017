"""Why a database or a table did not end ok: a class, who owns the cause, what to do, and what may be tried again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FailureClass = Literal[
    "connection",
    "credentials",
    "source_log_gone",
    "quota",
    "throttled",
    "server_full",
    "blackout",
    "instance_exhausted",
    "table_error",
    "mapping_empty",
    "not_moved",
    "value_loss",
    "not_deployed",
    "landing_mismatch",
    "landing_access",
    "warehouse",
    "drift",
    "delta_behind",
    "joined",
    "quarantined",
    "not_ready",
    "function_died",
    "cancelled",
    "unknown",
]
Budget = Literal["new attempt", "unfinished tables", "full instead", "stop"]


@dataclass(frozen=True)
class Failure:
    """What went wrong with one thing, as data. *name*: short and stable, for searching; *text*: for reading."""

    failure_class: FailureClass
    name: str
    text: str


@dataclass(frozen=True)
class ClassOfFailure:
    """What is known of a class: the team that owns the cause, the remedy, and what may be tried by itself."""

    owner: str
    remedy: str
    budget: Budget


CLASSES: dict[FailureClass, ClassOfFailure] = {
    "connection": ClassOfFailure("source team", "Check that the source is up, then rerun.", "new attempt"),
    "credentials": ClassOfFailure("source team", "Mend the secret or the grants, then rerun.", "stop"),
    "source_log_gone": ClassOfFailure("source team", "The change log has a gap: run a full load.", "full instead"),
    "quota": ClassOfFailure("platform team", "Spread the databases over more instances, or raise the quota.", "stop"),
    "throttled": ClassOfFailure("platform team", "Rerun with fewer databases at once.", "new attempt"),
    "server_full": ClassOfFailure("fleet team", "Rerun later, or raise the server's caps.", "new attempt"),
    "blackout": ClassOfFailure("fleet team", "Start the run outside of the server's blackouts.", "new attempt"),
    "instance_exhausted": ClassOfFailure("platform team", "Give the instance more memory or disk, then rerun.", "stop"),
    "table_error": ClassOfFailure("source team", "Read the task's log, then rerun them.", "unfinished tables"),
    "mapping_empty": ClassOfFailure("fleet team", "Correct `name_at_source`, `schemas`, `exclude` or grants.", "stop"),
    "not_moved": ClassOfFailure("source team", "Grant the missing right, or leave it out with `exclude`.", "stop"),
    "value_loss": ClassOfFailure("fleet team", "Mend it, or accept the loss in the registry (`tables`).", "stop"),
    "not_deployed": ClassOfFailure("platform team", "Deploy the stack of its instance, then rerun.", "stop"),
    "landing_mismatch": ClassOfFailure("fleet team", "Find who wrote there before anything is loaded.", "stop"),
    "landing_access": ClassOfFailure("platform team", "Mend the endpoint's role or its way to S3, then rerun.", "stop"),
    "warehouse": ClassOfFailure("warehouse team", "Read Snowflake's answer in the outcome, then rerun.", "new attempt"),
    "drift": ClassOfFailure("fleet team", "Accept it in the registry (docs/drift.md), or mend the source.", "stop"),
    "delta_behind": ClassOfFailure("platform team", "The next delta takes it along; else give it more time.", "stop"),
    "joined": ClassOfFailure("nobody", "None: the run that holds the database takes it along.", "stop"),
    "quarantined": ClassOfFailure("fleet team", "Nothing until its end date; `quarantined` in the registry.", "stop"),
    "not_ready": ClassOfFailure("fleet team", "Mend what the check names, then rerun.", "stop"),
    "function_died": ClassOfFailure("fleet team", "Read the function's log, mend it, then redrive.", "new attempt"),
    "cancelled": ClassOfFailure("on call", "Someone stopped it; rerun when ready.", "stop"),
    "unknown": ClassOfFailure("fleet team", "Read the execution's history and the logs.", "stop"),
}  # fmt: skip

# DMS's failure texts are free; these are words seen in them (docs/facts/dms.md 3.2, 7.5, 11), most telling first.
_MESSAGES: tuple[tuple[str, FailureClass], ...] = (
    (r"out of memory|LOW_MEMORY", "instance_exhausted"),
    (r"storage.?full|no space left|LOW_DISK", "instance_exhausted"),
    (r"LSN .* not available|replication slot .* (not exist|invalidated)", "source_log_gone"),
    (r"\bs3\b|\bbucket\b", "landing_access"),  # before `credentials`: IAM's refusals name no source
    # A database that is not there, in PostgreSQL's, MySQL's and SQL Server's words; before "the login failed".
    (r"database .* does not exist|unknown database|cannot open database", "mapping_empty"),
    (r"password|authentication failed|login failed|access ?denied|not authorized|permission denied", "credentials"),
    (r"(cannot|could not|can't) connect|connection (was )?(lost|refused|closed|reset)", "connection"),
    # PostgreSQL's own words (src/backend/utils/init/postinit.c, tcop/backend_startup.c).
    (r"not (currently )?accepting connections|system is (starting up|shutting down)|too many clients", "connection"),
    (r"remaining connection slots are reserved", "connection"),
    # MySQL's and MariaDB's (their manuals' lists of error messages: 1040, 1053, 2006, 2013).
    (r"too many connections|server shutdown in progress|server has gone away|lost connection to", "connection"),
    (r"timed? ?out|unreachable|terminating connection", "connection"),
    (r"no tables? (were |was )?(found|captured)", "mapping_empty"),
)  # fmt: skip


def classify(text: str) -> FailureClass:
    """The class of a failure that DMS or a source described as *text*.

    >>> classify("Last Error Replication task out of memory. Stop Reason FATAL_ERROR Error Level FATAL")
    'instance_exhausted'
    >>> classify('FATAL:  password authentication failed for user "dms"')
    'credentials'
    >>> classify("User: fleet-nyc is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::landing/nyc/x")
    'landing_access'
    >>> classify('database "nyc" is not currently accepting connections')
    'connection'
    >>> classify("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute")
    'connection'
    >>> classify("Can't connect to local server through '/run/mysqld/mysqld.sock' ([Errno 2])")
    'connection'
    >>> classify('FATAL:  database "shop" does not exist'), classify("Unknown database 'shop'")
    ('mapping_empty', 'mapping_empty')
    >>> classify('Cannot open database "Shop" requested by the login. The login failed.')
    'mapping_empty'
    >>> classify("something new")
    'unknown'
    """
    for pattern, failure_class in _MESSAGES:
        if re.search(pattern, text, re.IGNORECASE):
            return failure_class
    return "unknown"


def classify_test(side: Literal["source", "target"], text: str) -> FailureClass:
    """The class of a connection test of that *side* that failed with *text*.

    Whatever the words for a refusal or an unreachable place, the place is the side that was tested.

    >>> classify_test("target", "Access Denied"), classify_test("target", "connection timed out")
    ('landing_access', 'landing_access')
    >>> classify_test("source", "password authentication failed"), classify_test("source", "something new")
    ('credentials', 'connection')
    """
    failure_class = classify(text)
    if side == "target" and failure_class in {"credentials", "connection", "unknown"}:
        return "landing_access"
    return "connection" if failure_class == "unknown" else failure_class
