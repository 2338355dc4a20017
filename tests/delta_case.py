"""A database that does deltas, on a real PostgreSQL, and what a test does to it between its runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import count as numbers
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cases import Case, Cases
from fleet.databases import Deletes
from fleet.keeping_sql import where_living
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.servers.postgres import EmbeddedPostgres

MARK = """
CREATE TABLE fleet_mark (id integer PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader;
"""
NO_VIEW = f"{MARK} DROP VIEW totals;"
"""Without the template's view: that takes no deltas, and each delta run would load it in full as a second step."""
_SHAPE = """
SELECT format('%s %s', c.relname, a.attname), format('%s %s', a.atttypid, c.relreplident) FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'public'::regnamespace
UNION ALL SELECT slot_name, plugin FROM pg_replication_slots WHERE database = current_database() ORDER BY 1
"""
COLUMNS = {"orders": "id, what, amount", "customers": "id, name", "nothing": "id, what"}
_RUNS = numbers(1)


@contextmanager
def delta_cases(
    folder: Path,
    postgres: EmbeddedPostgres,
    template: str,
    captures: CaptureHooks | None = None,
    *,
    count: int = 20,
    **entry: Any,
) -> Iterator[Cases]:
    """A local cloud of *count* databases, all but two of which do deltas.

    *entry*: what else the registry says of each.
    """
    names = [f"case-{number:02}" for number in range(3, count + 1)]
    changed = {name: {"deltas": True, **entry} for name in names}
    with Cases(folder, postgres, template, count=count, changed=changed, captures=captures) as opened:
        yield opened


class DeltaCase:
    """One database, run again and again. *made_of*: what is done to the template's before the first run. *deletes*: of
    its tables that keep deleted rows.
    """

    def __init__(
        self, cases: Cases, made_of: str = NO_VIEW, deletes: Mapping[str, Deletes] = MappingProxyType({})
    ) -> None:
        self.cases = cases
        self.deletes = deletes
        self.columns = {**COLUMNS, "totals": "orders, amount"} if made_of == MARK else COLUMNS
        self.case: Case = cases.take()
        self.case.ask_source(made_of)

    def run(self, mode: str = "delta", **content: Any) -> dict[str, Any]:
        """A run over the database, to its end; the outcome's record."""
        self.case.run = f"run-{self.case.id}-{next(_RUNS)}"
        self.cases.run_night(self.case.run, mode=mode, databases=[self.case.id], **content)
        return self.case.outcome

    @contextmanager
    def before(self, state: str, act: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
        """Meanwhile *act* is called with the event before each call of that state's function."""
        self.cases.functions.before[state] = act
        try:
            yield
        finally:
            del self.cases.functions.before[state]

    def run_broken(self, fault: str) -> dict[str, Any]:
        """A run in which *fault* strikes, which is gone afterwards."""
        self.cases.cloud.faults.add(self.case.id, fault)
        try:
            return self.run()
        finally:
            self.cases.cloud.faults.clear(self.case.id)

    def run_ok(self, mode: str = "delta") -> list[str]:
        """A run that must be ok and leave the warehouse equal to the source; the purposes of its attempts."""
        outcome = self.run(mode)
        assert outcome["outcome"] == "ok", outcome["failure_text"]
        self.assert_equal()
        return self.purposes

    @property
    def purposes(self) -> list[str]:
        """What the attempts of the last run were for, in order."""
        newest = self.case.cloud.clients.ledger.claim(self.case.id).number
        records = self.case.cloud.clients.ledger.attempts_between(self.case.id, 1, newest)
        return [one.purpose or one.attempt.mode for one in records if one.attempt.run == self.case.run]

    def change(self, *statements: str) -> None:
        """Change the source, each statement in a transaction of its own."""
        for statement in statements:
            self.case.ask_source(statement)

    @contextmanager
    def slot_of_another_reader(self) -> Iterator[None]:
        """The database has a second slot, which nobody reads meanwhile."""
        name = f"another_reader_{self.case.id[-2:]}"
        self.change(f"SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")
        try:
            yield
        finally:
            self.change(f"SELECT pg_drop_replication_slot('{name}')")

    def lasting(self) -> tuple[object, ...]:
        """What a test may change for those that run the database after it, but for rows."""
        clients, name = self.case.cloud.clients, self.case.id
        registry, chain = clients.records.current_registry(), clients.chains.find(name)
        states = clients.chains.states(name)
        return (
            self.case.ask_source(_SHAPE),
            registry.settings,
            next(one for one in registry.databases if one.id == name),
            chain and (chain.number, chain.broken),
            {table: (one.needs_full, one.refused) for table, one in states.items()},
            clients.ledger.claim(name).holder,
        )

    def assert_equal(self, **columns: str) -> None:
        """Each table of the warehouse has the source's rows, deleted ones that it keeps aside. *columns*: in place of
        those of a template's tables.
        """
        wrong = self.differences(**columns)
        assert wrong == []

    def differences(self, **columns: str) -> list[tuple[str, int, int, list[object], list[object]]]:
        """Each table that is not equal, with how many rows are there and here, and some that only one has."""
        wrong = []
        for table, names in (columns or self.columns).items():
            source = self.case.ask_source(f"SELECT {names} FROM {table}")
            target = self.case.ask_warehouse(
                f'SELECT {names.upper()} FROM {self.case.warehouse_schema}."{table.upper()}"'
                f"{where_living(self.deletes.get(table, 'hard'))}"
            )
            rows, held = (Counter(tuple(map(_plain, row)) for row in found) for found in (source, target))
            if held != rows:
                wrong.append((table, rows.total(), held.total(), list(rows - held)[:3], list(held - rows)[:3]))
        return wrong


class SharedCase:
    """A seeded database, as *make* makes one, that test after test runs again, as nights do in production.

    Each test brings rows with keys of its own, and leaves all else as it was. After one that did not, perhaps because
    it failed, the next gets a fresh database.
    """

    def __init__(self, make: Callable[[], DeltaCase]) -> None:
        self._make = make
        self._made: tuple[DeltaCase, tuple[object, ...]] | None = None

    def take(self) -> DeltaCase:
        """The database, with the warehouse equal to the source."""
        if self._made is not None:
            database, wanted = self._made
            if database.lasting() == wanted and not database.differences():
                return database
        database = self._make()
        self._made = database, database.lasting()
        return database


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(Decimal(value).normalize()) if isinstance(value, Decimal | int) else str(value)
