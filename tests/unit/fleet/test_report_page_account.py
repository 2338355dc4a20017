"""What is missing and what is lost is on the page, in words and in the data of its script."""

from __future__ import annotations

from dataclasses import replace

from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.outcomes import Outcome, decide
from fleet.tables.account import Accounted, DatabaseAccount
from fleet.tables.losses import ColumnLoss
from night_reports import make_outcome, make_report
from report import render

SUMS = Accounted("s", "sums", "materialized view", "not moved", "DMS does not move materialized views", "nobody")
LEFT_OUT = Accounted("s", "old", "table", "left out", "`exclude` names it", "fleet team")
LOST = ColumnLoss("price", "digits are rounded off", 1)
ACCEPTED = ColumnLoss("body", "characters are cut off", 1, is_accepted=True)


def test_what_makes_a_database_red_beside_its_tables_is_said_once_and_what_is_accepted_is_not() -> None:
    good = make_outcome("good")
    first = replace(good.tables[0], losses=(LOST, ACCEPTED))
    tables = (first, *good.tables[1:])
    outcome = replace(good, tables=tables, outcome="partial", account=DatabaseAccount((SUMS, LEFT_OUT)))
    static = render(make_report([replace(outcome, failure=_failure_of(outcome))])).split("<script")[0]
    assert static.count("2 things that did not arrive, or not as it is at the source") == 1
    assert "s.sums (materialized view) is not moved: DMS does not move materialized views" in static
    assert f"{first.name}.price: 1 of" in static
    assert f"{first.name}.body" not in static
    assert '"tables": []' not in static


def test_the_script_has_all_of_the_account() -> None:
    good = make_outcome("good")
    tables = (replace(good.tables[0], losses=(ACCEPTED,)), *good.tables[1:])
    text = render(make_report([replace(good, tables=tables, account=DatabaseAccount((LEFT_OUT,)))]))
    assert "s.old (table) is left out: `exclude` names it" in text
    assert "characters are cut off (accepted)" in text


def _failure_of(outcome: Outcome) -> Failure | None:
    made = Attempt(outcome.run, outcome.database, outcome.mode, outcome.attempt, outcome.execution)
    return decide(made, None, outcome.tables, gaps=(), started_at="", ended_at="", account=outcome.account).failure
