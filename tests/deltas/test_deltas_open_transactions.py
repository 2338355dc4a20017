"""What a seal keeps of a transaction that is open then, which outcomes say so, and what follows from its end.

The source is a PostgreSQL that answers as a SQL Server would: **none was ever reached**.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from fleet.attempt_record import AttemptRecord
from fleet.databases import Engine
from fleet.deltas import open_transactions
from fleet.deltas.logs import SourceLog
from fleet.manifests import Manifest
from fleet.tables.catalogue import Census
from lambdas.attempt_context import Opened, look_at_attempt
from lambdas.clients.records import adapter
from lambdas.handlers import ask_source
from lambdas.sealing_changes import seal_changes
from lambdas.source_log import check_log
from lambdas.wiring import Clients
from localcloud.servers.postgres import EmbeddedPostgres
from test_deltas_sweep import found, warehouse


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("open"), postgres, case_template) as opened:
        yield opened


@pytest.fixture(scope="module")
def database(cases: Cases) -> DeltaCase:
    """A database with a prime and a delta."""
    one = DeltaCase(cases)
    one.run_ok()
    one.run_ok()
    return one


class Answering:
    """A source with one transaction, open since a moment."""

    def __init__(self, open_since: datetime) -> None:
        self.open_since = open_since.isoformat()

    def log(self, *_: object) -> SourceLog:
        return SourceLog(open_since=self.open_since)

    def census(self, *_: object) -> Census:
        return Census(("public",), ())


def answering(database: DeltaCase, open_since: datetime) -> Clients:
    clients = copy.copy(database.case.cloud.clients)
    clients.source = Answering(open_since)  # type: ignore[assignment, misc]
    return clients


def sealed(database: DeltaCase, *, is_prime: bool = False) -> AttemptRecord:
    """The attempt that primed the chain, or its newest one."""
    chain = database.case.cloud.clients.chains.find(database.case.id)
    assert chain is not None
    number = chain.number if is_prime else chain.newest
    (record,) = database.case.cloud.clients.ledger.attempts_between(database.case.id, number, number)
    assert record.over_at is not None
    return record


def opened_as(engine: Engine, record: AttemptRecord, clients: Clients) -> Opened:
    opened = look_at_attempt(record.attempt, clients)
    servers = tuple(replace(server, engine=engine) for server in opened.registry.servers)
    return replace(opened, registry=replace(opened.registry, servers=servers))


def seal_again(database: DeltaCase, engine: Engine, seconds: int, *, is_prime: bool = False) -> Manifest:
    """What a seal would say now of a transaction that began so many *seconds* after the task was at rest."""
    record = sealed(database, is_prime=is_prime)
    assert record.over_at is not None
    clients = answering(database, record.over_at + timedelta(seconds=seconds))
    opened = opened_as(engine, record, clients)
    (task,) = clients.dms.find_tasks([opened.task_id]).values()
    if is_prime:
        clients.chains = SimpleNamespace(find=lambda _: None)  # type: ignore[assignment, misc]
    return seal_changes(opened, task.report, clients)


def gaps_of(gaps: tuple[str, ...]) -> list[str]:
    return [gap for gap in gaps if gap.startswith("a transaction was open at the source from")]


def test_a_transaction_that_is_open_over_the_stop_is_kept_and_is_a_gap(database: DeltaCase) -> None:
    manifest = seal_again(database, "sqlserver", -60)
    assert manifest.delta is not None
    since = datetime.fromisoformat(manifest.delta.open_since)
    assert since == (sealed(database).over_at or since) - timedelta(seconds=60)
    assert gaps_of(manifest.gaps) == [
        f"a transaction was open at the source from {manifest.delta.open_since} on, while the task was stopped: nobody "
        f"knows whether what it wrote before comes with a later delta"
    ]


@pytest.mark.parametrize(("engine", "seconds"), [("sqlserver", 1), ("postgresql", -60), ("mariadb", -60)])
def test_one_that_began_later_or_that_is_brought_whole_is_none(
    database: DeltaCase, engine: Engine, seconds: int
) -> None:
    manifest = seal_again(database, engine, seconds)
    assert manifest.delta is not None
    assert (manifest.delta.open_since, gaps_of(manifest.gaps)) == ("", [])


def test_the_seed_has_what_is_open_when_its_prime_is_sealed(database: DeltaCase) -> None:
    assert gaps_of(seal_again(database, "sqlserver", -60, is_prime=True).gaps) == []


def test_the_delta_after_it_says_so_too_and_the_first_after_a_prime_does_not(database: DeltaCase) -> None:
    case, record = database.case, sealed(database)
    manifest = seal_again(database, "sqlserver", -60)
    case.put(record.attempt.folder.manifest_key, adapter(Manifest).dump_json(manifest))
    clients = answering(database, case.cloud.clock.now())
    opened = opened_as("sqlserver", record, clients)
    check_log(opened, clients)
    assert len(gaps_of(look_at_attempt(record.attempt, clients).record.gaps)) == 1
    clients.ledger.note(record.attempt, gaps=())
    chain = clients.chains.find(case.id)
    assert chain is not None
    clients.chains.put(case.id, replace(chain, number=chain.newest))
    check_log(opened_as("sqlserver", record, clients), clients)
    assert gaps_of(look_at_attempt(record.attempt, clients).record.gaps) == []


Say = Callable[[str], None]


@pytest.fixture
def cutting(monkeypatch: pytest.MonkeyPatch) -> Say:
    """PostgreSQL may now cut a transaction as SQL Server may. What comes back says since when one is open."""
    monkeypatch.setattr(open_transactions, "_MAY_CUT", frozenset({"postgresql"}))
    speaker = ask_source.SPEAKERS["postgresql"]

    def say(open_since: str) -> None:
        answering = replace(speaker, log=lambda *asked: replace(speaker.log(*asked), open_since=open_since))
        monkeypatch.setitem(cast("dict[str, Any]", ask_source.SPEAKERS), "postgresql", answering)

    return say


@pytest.fixture
def cut(cases: Cases, cutting: Say) -> DeltaCase:
    """A database after two deltas, over whose stops a transaction was open. Now it is over, and a row of it is lost."""
    database = DeltaCase(cases)
    cutting(cases.cloud.clock.now().isoformat(timespec="seconds"))
    assert database.run_ok() == ["prime", "full"]
    for _ in range(2):
        assert database.run_ok() == ["delta"]
        assert len(gaps_of(tuple(database.case.outcome["gaps"]))) == 1
        assert document(database)["sweep"] is None
    cutting("")
    warehouse(database, 'DELETE FROM {}.ORDERS WHERE "ID" = 1')
    return database


def document(database: DeltaCase) -> dict[str, Any]:
    return json.loads(database.case.read_control(database.case.outcome["document"]))


def test_keys_are_compared_once_such_a_transaction_is_over(cut: DeltaCase) -> None:
    assert cut.run_ok() == ["delta", "delta", "full"]
    assert found(cut)["orders"]["is_mended"]
    assert any("on, while the task was stopped, is over: this run compares" in gap for gap in cut.case.outcome["gaps"])
    assert cut.run_ok() == ["delta"]
    assert document(cut)["sweep"] is None


def test_a_comparison_that_did_not_come_is_made_after_the_next_delta(cut: DeltaCase) -> None:
    assert cut.run_broken("dies-each-time:CompareKeys")["outcome"] == "failed"
    assert cut.run_ok() == ["delta", "delta", "full"]
    assert found(cut)["orders"]["is_mended"]


def test_what_is_not_known_of_a_transaction_is_kept_until_the_source_answers(
    cut: DeltaCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as silent:
        silent.setattr("lambdas.sealing_changes._ask_log", lambda *_: None)
        cut.run()
    assert cut.purposes == ["delta"]
    assert cut.run_ok() == ["delta", "delta", "full"]
