"""One input that made an `ok` untrue, and what a run must make of it: the outcome's word, and what a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from case_registry import enter
from cases import Case
from fleet.databases import Database
from fleet.outcomes import Outcome
from report.account import say_account, say_losses

READER = "reader"
PASSWORD = "for-this-test-only"


@dataclass(frozen=True)
class Truth:
    """*sql*: what the source is made of, by its owner. *as_reader*: DMS reads as the login `reader`, which has the
    rights that *sql* gives it and no other.

    *registry*: fields of the database's entry. *before_start*, *after_load*: what happens at the source meanwhile;
    *next_night*: what happens to it before a second run, whose outcome then counts. *says*: each is a part of a line
    that a person reads; *never_says*: of none. *rows*: what the warehouse holds, by query.
    """

    name: str
    sql: str
    outcome: str
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()
    as_reader: bool = False
    registry: Mapping[str, Any] = field(default_factory=dict)
    before_start: str = ""
    after_load: str = ""
    next_night: str = ""
    rows: Mapping[str, list[list[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert isinstance(self.says, tuple), self.name
        assert isinstance(self.never_says, tuple), self.name

    def __str__(self) -> str:
        return self.name


def try_on_postgresql(truth: Truth, case: Case) -> None:
    """Make the source anew, run the database, and compare."""
    case.ask_source("DROP SCHEMA public CASCADE")
    case.ask_source("CREATE SCHEMA public")
    if truth.as_reader:
        make_reader(case)
    case.ask_source(truth.sql)
    run_through(truth, case)


def run_through(truth: Truth, case: Case) -> None:
    """Run the database, whose source is made, for a night or two, and compare."""
    enter(case, **truth.registry)
    run = case.run
    for night, change in enumerate([""] + [truth.next_night] * bool(truth.next_night)):
        if change:
            case.ask_source(change)
        if night:
            case.next_night(f"{run}-{night}")
        case.go_through("PrepareTask")
        if case.failure:
            case.finish(after="PrepareTask")
            continue
        if truth.before_start:
            case.ask_source(truth.before_start)
        case.go_through_from_to("PointEndpoint", "PollTask")
        if truth.after_load:
            case.ask_source(truth.after_load)
        case.go_through_from("StopTask")
    compare(truth, case)


def make_reader(case: Case) -> None:
    """A login without any right, with which the source is read from now on."""
    made = f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'"
    case.ask_source(f"DO $$ BEGIN {made}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    case.ask_source(f"GRANT USAGE ON SCHEMA public TO {READER}")
    case.put_secret(username=READER, password=PASSWORD)


def entry_of(case: Case) -> Database:
    """The database's entry in force."""
    return case.cloud.clients.records.current_registry().database(case.id)


def compare(truth: Truth, case: Case) -> None:
    """The outcome's word, what a person reads, and what the warehouse holds."""
    lines = read_lines(case)
    text = "\n".join(lines)
    assert case.outcome["outcome"] == truth.outcome, text
    for part in truth.says:
        assert any(part in line for line in lines), f"{part!r} is nowhere in:\n{text}"
    for part in truth.never_says:
        assert not any(part in line for line in lines), f"{part!r} is in:\n{text}"
    for query, rows in truth.rows.items():
        found = case.ask_warehouse(query.format(schema=case.warehouse_schema))
        assert found == rows, f"{found} in the warehouse"


def read_lines(case: Case) -> list[str]:
    """All that a person reads of the outcome."""
    outcome = case.cloud.clients.records.read(case.outcome["document"], Outcome)
    assert outcome is not None
    lines = [outcome.failure.text] if outcome.failure else []
    lines += [table.failure.text for table in outcome.tables if table.failure]
    lines += outcome.gaps
    lines += say_losses(outcome)
    lines += say_account(outcome.account) if outcome.account else ()
    return lines
