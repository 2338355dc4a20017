"""Each check of a source: what passes it, and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cases import SETTINGS
from fleet.checks.check import Judged, Verdict, apply_checks
from fleet.checks.source.all_checks import SOURCE_CHECKS
from fleet.checks.source_facts import BrokenView, CaptureJob, FoldedColumn, SourceFacts
from fleet.checks.source_look import SourceLook
from fleet.databases import Database, Registry, Rename, Server, TableRules
from fleet.deltas.logs import Slot, SourceLog
from fleet.failures import Failure
from fleet.names import MARK_TABLE
from fleet.stack_settings import Replication, StackSettings
from fleet.tables.catalogue import Census, Table
from fleet.tables.columns import Column
from fleet.tables.losses import CountedLosses, ask_losses

ID = Column("id", "integer", is_nullable=False)
ORDERS = Table("public", "orders", False, (ID, Column("amount", "numeric", precision=10, scale=2)), ("id",))
MARK = Table("public", MARK_TABLE, False, (ID, Column("attempt", "bigint")), ("id",))
SHOP = Database("shop", "east", "Shop", "one", ("public",), onboarded=True)
DELTAS = replace(SHOP, deltas=True)
EAST = Server("east", "postgresql", "fleet/server/east")
FACTS = SourceFacts("16.4", encryption="TLSv1.3 TLS_AES_256_GCM_SHA384")
ON_RDS = replace(FACTS, is_on_rds=True)
LOG = SourceLog({"wal_level": "logical", "wal_sender_timeout": "60000"})
MSSQL = replace(EAST, engine="sqlserver")
JOBS = (CaptureJob("capture", 5, is_continuous=True), CaptureJob("cleanup", 0, is_continuous=False))
MS_FACTS = SourceFacts("16.0.4135.4", "Developer Edition (64-bit)", "TLS", agent="Running", capture_jobs=JOBS)
MS_LOG = SourceLog({"recovery_model": "FULL", "has_log_backup": "1", "is_cdc_enabled": "1", "is_published": "0"})
MS_TABLE = Table("public", "orders", False, (Column("id", "int", is_nullable=False),), ("id",))
AWAY = Failure("connection", "SourceNotAnswering", "the source did not answer: Connection refused")
REFUSED = Failure("credentials", "SourceRefused", "the source refused: password authentication failed")
NOT_ACCEPTED = Failure("connection", "CertificateNotAccepted", "the source's certificate was not accepted: self-signed")
NOT_THERE = Failure("mapping_empty", "DatabaseNotThere", "the source does not open the database: no such")


def look(
    *tables: Table,
    database: Database = SHOP,
    server: Server = EAST,
    facts: SourceFacts | Failure = FACTS,
    log: SourceLog | Failure | None = None,
    census: Census | Failure | None = None,
    replication: str = "3.6.1",
    **more: Any,
) -> SourceLook:
    """A source that holds *tables*, or one good table."""
    held = tuple(sorted(tables or (ORDERS,), key=lambda one: one.name))
    settings = replace(SETTINGS, stack=StackSettings(replication=Replication(engine_version=replication)))
    registry = Registry(settings, (server,), (database,))
    return SourceLook(registry, database, census or Census(("public",), held), facts, log, **more)


def sqlserver(**given: Any) -> SourceLook:
    """A SQL Server that does deltas."""
    return look(MS_TABLE, **{"server": MSSQL, "database": DELTAS, "facts": MS_FACTS, "log": MS_LOG, **given})


def with_columns(*columns: Column, **more: Any) -> Table:
    """A table of a key and *columns*."""
    return Table("public", "things", False, (ID, *columns), ("id",), **more)


TEXT, PRICE = with_columns(Column("body", "text")), with_columns(Column("price", "numeric"))
VIEW = Table("public", "totals", True, (ID,), kind="view")
KEYLESS = replace(ORDERS, table="keyless", key=())
NONE_LOST = (0,) * len(ask_losses("postgresql", PRICE, 32).asked)
SOME_LOST = (3, *NONE_LOST[1:])
COUNTED = CountedLosses("public", "things", (0,), longest=(10,))


@dataclass(frozen=True)
class Looked:
    """What the check of that *code* is to say of *look*: a *verdict*, and *found* among its words."""

    code: str
    verdict: Verdict | None
    found: str
    look: SourceLook


LOOKED = (
    Looked("SRC-NETWORK", "passed", "server east answers", look()),
    Looked("SRC-NETWORK", "passed", "answers", look(census=REFUSED)),
    Looked("SRC-NETWORK", "passed", "answers", look(census=NOT_ACCEPTED)),
    Looked("SRC-NETWORK", "failed", "Connection refused", look(census=AWAY)),
    Looked("SRC-NETWORK", "unknown", "broke", look(census=Failure("unknown", "AskSourceBroken", "it broke"))),
    Looked("SRC-CERTIFICATE", None, "", look()),
    Looked("SRC-CERTIFICATE", "passed", "its name", look(server=replace(EAST, ssl_mode="verify-full"))),
    Looked(
        "SRC-CERTIFICATE",
        "failed",
        "self-signed",
        look(server=replace(EAST, ssl_mode="verify-ca"), census=NOT_ACCEPTED),
    ),
    Looked("SRC-LOGIN", "passed", "let the login in", look()),
    Looked("SRC-LOGIN", "failed", "password authentication failed", look(census=REFUSED)),
    Looked("SRC-LOGIN", "unknown", "nobody could look", look(census=AWAY)),
    Looked("SRC-TLS", "passed", "TLSv1.3 TLS_AES_256_GCM_SHA384 (`ssl_mode: require`)", look()),
    Looked("SRC-TLS", "failed", "not encrypted", look(facts=replace(FACTS, encryption=""))),
    Looked("SRC-TLS", "remark", "`ssl_mode: none`", look(server=replace(EAST, ssl_mode="none"))),
    Looked("SRC-TLS", "passed", "socket", look(facts=replace(FACTS, encryption="", is_local=True))),
    Looked("SRC-TLS", "unknown", "may not see", look(facts=replace(FACTS, encryption=None))),
    Looked("SRC-DATABASE", "passed", "Shop, with public", look()),
    Looked("SRC-DATABASE", "failed", "no such", look(census=NOT_THERE)),
    Looked("SRC-DATABASE", "failed", "schema sales", look(database=replace(SHOP, schemas=("public", "sales")))),
    Looked("SRC-DATABASE", "failed", "selects no table", look(database=replace(SHOP, exclude=("*.*",)))),
    Looked("SRC-VERSION", "passed", "16.4", look()),
    Looked("SRC-VERSION", "failed", "older", look(facts=replace(FACTS, version="9.3.25"))),
    Looked("SRC-VERSION", "remark", "18.1 is not among", look(facts=replace(FACTS, version="18.1"))),
    Looked("SRC-VERSION", "failed", "16.4 takes DMS 3.5.3, and", look(replication="3.4.7")),
    Looked(
        "SRC-VERSION",
        "remark",
        "`engine: mysql`, and the server says that it is 10.11.6-MariaDB",
        look(server=replace(EAST, engine="mysql"), facts=replace(FACTS, version="10.11.6-MariaDB")),
    ),
    Looked("SRC-HOSTING", "passed", "self-managed", look()),
    Looked("SRC-HOSTING", "passed", "aurora", look(server=replace(EAST, hosting="aurora"), facts=ON_RDS)),
    Looked("SRC-HOSTING", "remark", "shows itself as rds or aurora", look(facts=ON_RDS)),
    Looked("SRC-HOSTING", "remark", "`hosting: rds`, and", look(server=replace(EAST, hosting="rds"))),
    Looked("SRC-EDITION", None, "", look()),
    Looked("SRC-EDITION", "passed", "Developer", sqlserver()),
    Looked(
        "SRC-EDITION", "passed", "Managed", sqlserver(facts=replace(MS_FACTS, edition="Azure SQL Managed Instance"))
    ),
    Looked("SRC-EDITION", "failed", "in full", sqlserver(facts=replace(MS_FACTS, edition="Azure SQL Database"))),
    Looked("SRC-EDITION", "failed", "Express", sqlserver(facts=replace(MS_FACTS, edition="Express Edition"))),
    Looked("SRC-EDITION", "failed", "in full alone", sqlserver(facts=replace(MS_FACTS, edition="Web Edition"))),
    Looked(
        "SRC-EDITION",
        "failed",
        "in full alone",
        sqlserver(facts=replace(MS_FACTS, edition="Standard Edition", version="12.0.6024")),
    ),
    Looked(
        "SRC-EDITION",
        "passed",
        "Web",
        sqlserver(facts=replace(MS_FACTS, edition="Web Edition"), database=SHOP, log=None),
    ),
    Looked("SRC-RIGHTS", "passed", "1 relations", look()),
    Looked("SRC-RIGHTS", "failed", "may not SELECT", look(ORDERS, replace(TEXT, barred="the login may not SELECT"))),
    Looked("SRC-ROW-SECURITY", "passed", "no row", look()),
    Looked(
        "SRC-ROW-SECURITY",
        "failed",
        "public.things: row security",
        look(ORDERS, replace(TEXT, barred="row security may hide rows", barred_by="rows")),
    ),
    Looked("SRC-ROW-SECURITY", None, "", look(server=replace(EAST, engine="mysql"))),
    Looked("SRC-RELATIONS", "passed", "1 moved, 0 left out", look()),
    Looked(
        "SRC-RELATIONS",
        "failed",
        "does not move materialized views",
        look(ORDERS, replace(VIEW, kind="materialized view")),
    ),
    Looked("SRC-VIEWS", None, "", look()),
    Looked("SRC-VIEWS", "passed", "1 can be opened", look(ORDERS, VIEW)),
    Looked(
        "SRC-VIEWS",
        "failed",
        "public.totals: permission denied for table secrets",
        look(
            ORDERS,
            VIEW,
            facts=replace(FACTS, broken_views=(BrokenView("public", "totals", "permission denied for table secrets"),)),
        ),
    ),
    Looked(
        "SRC-VIEWS",
        "failed",
        "references invalid",
        look(ORDERS, replace(VIEW, barred="View references invalid table", barred_by="broken")),
    ),
    Looked("SRC-KEYS", "passed", "each of 1", look()),
    Looked("SRC-KEYS", "remark", "1 of 2 have none: public.keyless", look(ORDERS, KEYLESS)),
    Looked("SRC-KEEPING", None, "", look()),
    Looked("SRC-KEEPING", "passed", "1 tables", look(database=replace(SHOP, deletes="soft"))),
    Looked("SRC-KEEPING", "failed", "public.keyless", look(KEYLESS, database=replace(SHOP, deletes="history"))),
    Looked("SRC-NAME-CLASH", "passed", "differ", look()),
    Looked("SRC-NAME-CLASH", "failed", "public.ORDERS and", look(ORDERS, replace(ORDERS, table="ORDERS"))),
    Looked("SRC-NAME-CLASH", "failed", "own column 'Op'", look(with_columns(Column("op", "integer")))),
    Looked(
        "SRC-NAME-CLASH",
        "passed",
        "differ",
        look(
            with_columns(Column("op", "integer")),
            database=replace(SHOP, renames=(Rename("public", "things", "op", "operation"),)),
        ),
    ),
    Looked("SRC-AMBIGUOUS-NAMES", "passed", "no name", look(replace(ORDERS, table="order_lines"))),
    Looked(
        "SRC-AMBIGUOUS-NAMES",
        "remark",
        "public.order_lines as order[_]lines",
        look(replace(ORDERS, table="order_lines"), replace(ORDERS, table="orderxlines")),
    ),
    Looked("SRC-REGISTRY-ENTRIES", "passed", "fits", look()),
    Looked("SRC-REGISTRY-ENTRIES", "remark", "public.ordres", look(database=replace(SHOP, exclude=("public.ordres",)))),
    Looked("SRC-TYPES", "passed", "every column", look()),
    Looked("SRC-TYPES", "failed", "public.things.at (pg_lsn)", look(with_columns(Column("at", "pg_lsn")))),
    Looked(
        "SRC-TYPES",
        "passed",
        "1 columns are left out",
        look(
            with_columns(Column("at", "pg_lsn")),
            database=replace(SHOP, tables=(TableRules("public", "things", accept=("at",)),)),
        ),
    ),
    Looked("SRC-LOSSES", "passed", "no column", look()),
    Looked("SRC-LOSSES", "passed", "no column", look(TEXT)),
    Looked("SRC-LOSSES", "remark", "public.things.price (numeric): digits after the sixth", look(PRICE)),
    Looked("SRC-LOSSES", "passed", "no column", look(PRICE, database=replace(SHOP, losses="accept"))),
    Looked("SRC-LOSSES", "passed", "no value", look(PRICE, counted=(replace(COUNTED, values=NONE_LOST),))),
    Looked("SRC-LOSSES", "failed", "price: 3 values", look(PRICE, counted=(replace(COUNTED, values=SOME_LOST),))),
    Looked(
        "SRC-LOSSES",
        "unknown",
        "public.things (it took too long)",
        look(PRICE, counted=(replace(COUNTED, values=(), why="it took too long"),)),
    ),
    Looked("SRC-LOB-LENGTH", None, "", look()),
    Looked("SRC-LOB-LENGTH", "unknown", "--count-losses", look(TEXT)),
    Looked("SRC-LOB-LENGTH", "passed", "fits into `lob_max_kilobytes: 32`", look(TEXT, counted=(COUNTED,))),
    Looked(
        "SRC-LOB-LENGTH",
        "failed",
        "2 values: characters after the 16,384th are cut off (lob_max_kilobytes); `lob_max_kilobytes: 79` would keep",
        look(TEXT, counted=(replace(COUNTED, values=(2,), longest=(40_000,)),)),
    ),
    Looked("SRC-COLLATION", "passed", "compare as they do", look()),
    Looked(
        "SRC-COLLATION",
        "remark",
        "public.orders.code (utf8mb4_general_ci)",
        look(facts=replace(FACTS, folded=(FoldedColumn("public", "orders", "code", "utf8mb4_general_ci"),))),
    ),
    Looked(
        "SRC-COLLATION",
        "remark",
        "public.t.code (citext)",
        look(Table("public", "t", False, (Column("code", "citext"),), ("code",))),
    ),
    Looked("SRC-RECOVERY-MODEL", None, "", look(database=DELTAS, log=LOG)),
    Looked("SRC-RECOVERY-MODEL", "passed", "FULL", sqlserver()),
    Looked(
        "SRC-RECOVERY-MODEL",
        "failed",
        "recovery_model is 'SIMPLE'",
        sqlserver(log=SourceLog({**MS_LOG.settings, "recovery_model": "SIMPLE"})),
    ),
    Looked("SRC-LOG-SETTINGS", None, "", look()),
    Looked("SRC-LOG-SETTINGS", "passed", "as deltas need", look(database=DELTAS, log=LOG)),
    Looked(
        "SRC-LOG-SETTINGS",
        "failed",
        "wal_level is 'replica', wanted 'logical': the log does not say which rows changed; wal_sender_timeout is 5000",
        look(database=DELTAS, log=SourceLog({"wal_level": "replica", "wal_sender_timeout": "5000"})),
    ),
    Looked(
        "SRC-LOG-SETTINGS",
        "passed",
        "as deltas need",
        sqlserver(log=SourceLog({**MS_LOG.settings, "recovery_model": "SIMPLE"})),
    ),
    Looked("SRC-LOG-RIGHTS", None, "", look()),
    Looked("SRC-LOG-RIGHTS", "unknown", "own rights", look(database=DELTAS, log=LOG)),
    Looked(
        "SRC-LOG-RIGHTS",
        "failed",
        "lacks REPLICATION",
        look(database=DELTAS, log=LOG, facts=replace(FACTS, log_rights_missing=("REPLICATION",))),
    ),
    Looked(
        "SRC-LOG-RIGHTS", "passed", "may", look(database=DELTAS, log=LOG, facts=replace(FACTS, log_rights_missing=()))
    ),
    Looked("SRC-LOG-RETENTION", "passed", "until it was read", look(database=DELTAS, log=LOG)),
    Looked("SRC-LOG-RETENTION", "passed", "until it was read", look(database=DELTAS, log=LOG, hours_between_deltas=1)),
    Looked(
        "SRC-LOG-RETENTION",
        "remark",
        "no schedule of mode `delta`",
        look(database=DELTAS, log=LOG, hours_between_deltas=0),
    ),
    Looked(
        "SRC-LOG-RETENTION",
        "remark",
        "may be cut at any moment",
        look(
            database=DELTAS,
            log=replace(LOG, slots=(Slot("a", False, "0/1", "unreserved"),)),
            hours_between_deltas=1,
        ),
    ),
    *(
        Looked(
            "SRC-LOG-RETENTION",
            verdict,
            found,
            look(
                server=replace(EAST, engine="mysql"),
                database=DELTAS,
                facts=replace(FACTS, version="8.4.2", is_on_rds=kept is not None, kept_hours=kept),
                log=SourceLog({"binlog_expire_logs_seconds": str(hours * 3600)}),
                hours_between_deltas=24,
            ),
        )
        for verdict, found, hours, kept in (
            ("passed", "kept for 72 hours", 72, None),
            ("passed", "until it was read", 0, None),
            ("failed", "kept for 12 hours, and up to 24 hours pass", 12, None),
            ("remark", "kept for 30 hours, and `delta_overdue_hours` is 48", 30, None),
            ("failed", "kept for 0 hours", 72, 0),
            ("passed", "kept for 96 hours", 0, 96),
        )
    ),
    Looked("SRC-LOG-RETENTION", "unknown", "does not say", sqlserver()),
    Looked("SRC-LOG-RETENTION", "unknown", "does not say", sqlserver(facts=replace(MS_FACTS, is_on_rds=True))),
    Looked(
        "SRC-LOG-RETENTION",
        "failed",
        "hours, and up to 1 hours pass",
        sqlserver(facts=replace(MS_FACTS, is_on_rds=True), hours_between_deltas=1, replication="3.5.2"),
    ),
    Looked("SRC-AGENT", None, "", look(database=DELTAS, log=LOG)),
    Looked("SRC-AGENT", "passed", "'Running'", sqlserver()),
    Looked("SRC-AGENT", "failed", "'Stopped'", sqlserver(facts=replace(MS_FACTS, agent="Stopped"))),
    Looked("SRC-AGENT", "unknown", "VIEW SERVER STATE", sqlserver(facts=replace(MS_FACTS, agent=None))),
    Looked("SRC-CAPTURE-JOB", "passed", "each 5 s", sqlserver()),
    Looked("SRC-CAPTURE-JOB", None, "", sqlserver(log=SourceLog({**MS_LOG.settings, "is_cdc_enabled": "0"}))),
    Looked("SRC-CAPTURE-JOB", "failed", "no capture job", sqlserver(facts=replace(MS_FACTS, capture_jobs=JOBS[1:]))),
    Looked("SRC-CAPTURE-JOB", "unknown", "may not see", sqlserver(facts=replace(MS_FACTS, capture_jobs=None))),
    Looked("SRC-DELTA-TABLES", None, "", look()),
    Looked("SRC-DELTA-TABLES", "passed", "all 1 tables", look(database=DELTAS, log=LOG)),
    Looked("SRC-DELTA-TABLES", "remark", "public.keyless: it has no", look(ORDERS, KEYLESS, database=DELTAS, log=LOG)),
    Looked("SRC-DELTA-MARK", None, "", look()),
    Looked("SRC-DELTA-MARK", "passed", "is there", look(ORDERS, MARK, database=DELTAS, log=LOG)),
    Looked("SRC-DELTA-MARK", "remark", "public.fleet_mark is not there", look(database=DELTAS, log=LOG)),
    Looked("SRC-SWEPT-KEYS", None, "", look()),
    Looked("SRC-SWEPT-KEYS", "passed", "can be compared", look(database=DELTAS, log=LOG)),
    Looked(
        "SRC-SWEPT-KEYS",
        "remark",
        "public.moments",
        look(
            Table("public", "moments", False, (Column("at", "timestamp without time zone"),), ("at",)),
            database=DELTAS,
            log=LOG,
        ),
    ),
    Looked("SRC-SIGHT", "passed", "sees all", look()),
    Looked("SRC-SIGHT", "unknown", "lacks VIEW", look(census=Census(("public",), (ORDERS,), gaps=("it lacks VIEW",)))),
    Looked("SRC-SIGHT", "unknown", "the agent", look(facts=replace(FACTS, unseen=("the agent is hidden",)))),
    Looked("SRC-SIGHT", "unknown", "the source's log: the", look(database=DELTAS, log=AWAY)),
)
JUDGES: dict[str, Callable[[SourceLook], Judged | None]] = {check.code: check.judge for check in SOURCE_CHECKS}


@pytest.mark.parametrize("one", LOOKED, ids=lambda one: f"{one.code} {one.verdict} {one.found}"[:60])
def test_a_check_says_what_it_finds(one: Looked) -> None:
    judged = JUDGES[one.code](one.look)
    assert (judged.verdict if judged else None) == one.verdict, judged
    assert one.found in (judged.found if judged else "")


@pytest.mark.parametrize("code", JUDGES)
def test_each_check_has_something_that_passes_it_and_something_that_does_not(code: str) -> None:
    verdicts = {one.verdict for one in LOOKED if one.code == code}
    assert "passed" in verdicts
    assert verdicts & {"failed", "remark", "unknown"}


def test_a_source_that_is_away_is_said_once_and_no_check_breaks() -> None:
    away = look(database=replace(DELTAS, deletes="soft"), census=AWAY, facts=AWAY, log=AWAY)
    checked = apply_checks(SOURCE_CHECKS, "shop", away)
    assert [one.code for one in checked if one.verdict == "failed"] == ["SRC-NETWORK"]
    assert {one.verdict for one in checked} == {"failed", "unknown"}


def test_codes_are_unique_and_each_has_a_reason_a_remedy_and_a_source() -> None:
    assert len(JUDGES) == len(SOURCE_CHECKS)
    for check in SOURCE_CHECKS:
        assert check.code.startswith("SRC-")
        assert check.reason.endswith(".")
        assert check.remedy.endswith(".")
        assert check.source.startswith(("https://", "docs/"))
