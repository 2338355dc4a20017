"""The SQL for a source's administrator: of every engine, wherever its server runs, it can be read and says why.

That it grants enough and no more is in `test_prerequisites_run.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
import sqlglot
from click.testing import CliRunner
from sqlglot import exp
from sqlglot.errors import ParseError

from cli.commands import cli
from fleet.databases import Database, EndpointSetting, Engine, Hosting, Server
from onboarding.prerequisites.statements import SYSADMIN, WITHOUT_SYSADMIN, prerequisites
from onboarding.references import HOSTINGS
from registry_texts import SETTINGS

ODD = Database("odd", "erp", "My ]DB's", "one", ("it's", "dbo"))
LOGIN = "a]login's"
_DIALECTS: dict[Engine, str] = {"postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql", "sqlserver": "tsql"}
_QUOTED = r"(?:\[(?:[^]]|\]\])+\]|\"(?:[^\"]|\"\")+\"|`(?:[^`]|``)+`|'(?:[^']|'')+'@'%'|\w+)"
_NAME = rf"{_QUOTED}(?:\.(?:\[\w+\]|\"\w+\"|`\w+`|\*|\w+))?"
_RIGHTS = "(?:SELECT|UPDATE|EXECUTE|VIEW [A-Z ]+|REPLICATION CLIENT|REPLICATION SLAVE|PROCESS)"
_VERBS = r" (?=(?:CREATE|ALTER|DROP|EXEC|INSERT|GRANT|RAISERROR|ADD SIGNATURE)\b)"
# What sqlglot does not read, and keeps as text: here it is read to the end all the same.
_UNREAD: dict[str, tuple[str, ...]] = {
    "postgres": (
        rf"(?:GRANT|REVOKE) SELECT ON ALL TABLES IN SCHEMA {_NAME} (?:TO|FROM) {_NAME}",
        rf"ALTER DEFAULT PRIVILEGES IN SCHEMA {_NAME} GRANT SELECT ON TABLES TO {_NAME}",
        r"DO \$fleet\$ DECLARE owner text; BEGIN FOR owner IN SELECT .+ LOOP EXECUTE .+; END LOOP; END \$fleet\$",
        rf"ALTER ROLE {_NAME} (?:NO)?REPLICATION",
        rf"ALTER ROLE {_NAME} SET idle_in_transaction_session_timeout = 0",
        rf"ALTER ROLE {_NAME} RESET idle_in_transaction_session_timeout",
        rf"(?:GRANT|REVOKE) (?:pg_read_all_stats|rds_replication) (?:TO|FROM) {_NAME}",
    ),
    "mysql": (
        rf"(?:GRANT|REVOKE) {_RIGHTS}(?:, {_RIGHTS})* ON (?:{_NAME}|\*\.\*) (?:TO|FROM) {_NAME}",
        r"CALL mysql\.rds_set_configuration\('binlog retention hours', 72\)",
    ),
    "tsql": (
        rf"(?:GRANT|REVOKE) {_RIGHTS}(?:, {_RIGHTS})*(?: ON {_NAME})? (?:TO|FROM) {_NAME}",
        rf"ALTER (?:SERVER )?ROLE \[\w+\] (?:ADD|DROP) MEMBER {_NAME}",
        rf"CREATE USER {_NAME} FOR LOGIN {_NAME}",
        rf"DROP (?:USER|LOGIN|CERTIFICATE) {_NAME}",
        r"RAISERROR \(N'[^']+', 16, 1\)",
        r"CREATE CERTIFICATE \[\w+\] ENCRYPTION BY PASSWORD = N'\$\(certificate_password\)' WITH SUBJECT = N'[^']+'",
        r"CREATE LOGIN \[\w+\] FROM CERTIFICATE \[\w+\]",
        r"ADD SIGNATURE TO \[awsdms\]\.\[\w+\] BY CERTIFICATE \[\w+\] WITH PASSWORD = N'\$\(certificate_password\)'",
    ),
}


@dataclass(frozen=True)
class Variant:
    """One script that can be printed."""

    engine: Engine
    hosting: Hosting
    deltas: bool
    undo: bool
    way: str

    def __str__(self) -> str:
        words = [self.engine, self.hosting, self.way, *(["deltas"] * self.deltas), *(["undo"] * self.undo)]
        return "-".join(words)

    @property
    def text(self) -> str:
        """The script for two databases."""
        other = Database("other", "erp", "other", "one", ("other",))
        server = Server("erp", self.engine, "secret", hosting=self.hosting)
        return prerequisites(server, [ODD, other], LOGIN, deltas=self.deltas, undo=self.undo, way=self.way)


def _variants() -> Iterator[Variant]:
    for engine, hostings in HOSTINGS.items():
        for hosting, deltas, undo in product(hostings, (False, True), (False, True)):
            yield Variant(engine, hosting, deltas, undo, SYSADMIN)
            if engine == "sqlserver" and hosting == "self-managed" and deltas:
                yield Variant(engine, hosting, deltas, undo, WITHOUT_SYSADMIN)


VARIANTS = list(_variants())


def statements(text: str) -> list[str]:
    """The statements without their comments: each is one line. What is psql's own is none."""
    return [line for line in text.splitlines() if line and not line.startswith(("--", "\\connect"))]


def _is_read(statement: str, dialect: str, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether sqlglot reads the one *statement* to its end, and keeps nothing of it as mere text."""
    with caplog.at_level("ERROR", "sqlglot"):
        try:
            (parsed,) = sqlglot.parse(statement, dialect=dialect)
        except ParseError:
            return False
    return parsed is not None and not list(parsed.find_all(exp.Command))


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_statement_of_every_script_can_be_read_to_its_end(
    variant: Variant, caplog: pytest.LogCaptureFixture
) -> None:
    dialect = _DIALECTS[variant.engine]
    found = statements(variant.text)
    assert found
    for statement in found:
        assert statement.endswith(";"), statement
        rest = statement.removesuffix(";")
        if rest.startswith("IF "):  # what follows the condition would be kept as text: each is read for itself
            condition, rest = re.split(_VERBS, rest.removeprefix("IF "), maxsplit=1)
            assert _is_read(f"SELECT 1 WHERE {condition}", dialect, caplog), statement
        if not _is_read(rest, dialect, caplog):
            assert any(re.fullmatch(one, rest) for one in _UNREAD[dialect]), f"sqlglot reads it as text: {rest}"


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_statement_has_a_reason_and_a_source_above_it(variant: Variant) -> None:
    for block in variant.text.split("\n\n"):
        comments = [line for line in block.splitlines() if line.startswith("--")]
        if statements(block):
            assert any(re.fullmatch(r"-- https://\S+", line) for line in comments), block
            assert any(not line.startswith("-- http") for line in comments), block
            assert block.startswith("--"), block


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_nothing_is_left_to_fill_in_but_the_password_that_its_reader_chooses(variant: Variant) -> None:
    assert "${" not in variant.text
    assert "--:" not in variant.text
    assert ("$(certificate_password)" in variant.text) == (variant.way == WITHOUT_SYSADMIN and not variant.undo)


def test_no_name_of_the_registry_is_filled_into_a_comment() -> None:
    for file in (Path(__file__).parents[3] / "onboarding" / "prerequisites").glob("*.sql"):
        for line in file.read_text(encoding="utf-8").splitlines():
            assert not (line.startswith("--") and "${" in line), f"{file.name}: a name with a new line would end {line}"


def _text(engine: Engine, hosting: Hosting, *, deltas: bool = True, undo: bool = False, way: str = SYSADMIN) -> str:
    return Variant(engine, hosting, deltas, undo, way).text


@pytest.mark.parametrize(
    ("engine", "hosting", "there", "elsewhere"),
    [
        ("postgresql", "self-managed", 'ALTER ROLE "a]login\'s" REPLICATION;', "rds_replication"),
        ("postgresql", "rds", 'GRANT rds_replication TO "a]login\'s";', "REPLICATION;"),
        ("postgresql", "rds", "In the DB parameter group", "postgresql.conf"),
        ("postgresql", "aurora", "In the DB cluster parameter group", "In the DB parameter group"),
        ("mysql", "self-managed", "In my.cnf", "rds_set_configuration"),
        ("mysql", "rds", "CALL mysql.rds_set_configuration('binlog retention hours', 72);", "at most 2,160"),
        ("mysql", "aurora", "at most 2,160", "at most 168"),
        ("mariadb", "rds", "CALL mysql.rds_set_configuration('binlog retention hours', 72);", "my.cnf"),
        ("sqlserver", "self-managed", "ALTER SERVER ROLE [sysadmin] ADD MEMBER [a]]login's];", "sp_cdc_enable_db"),
        ("sqlserver", "rds", "EXEC msdb.dbo.rds_cdc_enable_db N'My ]DB''s';", "sys.sp_cdc_enable_db"),
        ("sqlserver", "rds", "GRANT EXECUTE ON dbo.rds_dms_tlog_read TO [a]]login's];", "ALTER SERVER ROLE"),
        ("sqlserver", "azure-mi", "EXEC sys.sp_cdc_enable_db;", "rds_cdc_enable_db"),
        ("sqlserver", "azure-mi", "GRANT SELECT ON dbo.backupset TO [a]]login's];", "rds_dms_tlog_read"),
    ],
)
def test_where_the_server_runs_decides_what_deltas_need(
    engine: Engine, hosting: Hosting, there: str, elsewhere: str
) -> None:
    text = _text(engine, hosting)
    assert there in text
    assert elsewhere not in text


def test_a_sql_server_without_sysadmin_gets_what_aws_lists_and_the_login_is_not_sysadmin() -> None:
    text = _text("sqlserver", "self-managed", way=WITHOUT_SYSADMIN)
    for granted in (
        "SELECT ON sys.fn_dblog",
        "VIEW ANY DEFINITION",
        *(
            f"EXECUTE ON {one}"
            for one in ("sp_repldone", "sp_replincrementlsn", "sp_addpublication", "sp_addarticle", "sp_articlefilter")
        ),
        "SELECT ON [awsdms].[split_partition_list]",
        "EXECUTE ON [awsdms].[rtm_dump_dblog]",
        "EXECUTE ON [awsdms].[rtm_position_1st_timestamp]",
        *(f"SELECT ON dbo.{one}" for one in ("backupset", "backupmediafamily", "backupfile")),
    ):
        assert f"GRANT {granted} TO [a]]login's];" in text
    assert "ALTER ROLE [db_owner] ADD MEMBER [a]]login's];" in text
    assert "ADD MEMBER [awsdms_rtm_dump_dblog_login];" in text
    assert "[sysadmin] ADD MEMBER [a]]login's]" not in text
    assert text.count("ADD SIGNATURE TO") == 2
    assert "enableNonSysadminWrapper=true" in text


def test_the_way_without_sysadmin_says_where_the_endpoint_lacks_its_setting() -> None:
    wrapper = EndpointSetting("EnableNonSysadminWrapper", value=True)
    lacks, has = (Server("erp", "sqlserver", "x", endpoint_settings=one) for one in ((), (wrapper,)))

    def says(server: Server, way: str, *, undo: bool = False) -> bool:
        return "MISSING" in prerequisites(server, [ODD], "fleet_dms", deltas=True, undo=undo, way=way)

    assert says(lacks, WITHOUT_SYSADMIN)
    assert not says(has, WITHOUT_SYSADMIN)
    assert not says(lacks, SYSADMIN)
    assert not says(lacks, WITHOUT_SYSADMIN, undo=True)


def test_a_sql_server_user_gets_what_aws_lists_for_a_full_load() -> None:
    text = prerequisites(Server("erp", "sqlserver", "x"), [ODD], "fleet_dms")
    assert statements(text) == [
        "USE [master];",
        "GRANT VIEW SERVER STATE TO [fleet_dms];",
        "USE [My ]]DB's];",
        "IF DATABASE_PRINCIPAL_ID(N'fleet_dms') IS NULL CREATE USER [fleet_dms] FOR LOGIN [fleet_dms];",
        "ALTER ROLE [db_datareader] ADD MEMBER [fleet_dms];",
        "GRANT VIEW DATABASE STATE TO [fleet_dms];",
        "GRANT VIEW DEFINITION TO [fleet_dms];",
    ]


def test_a_sql_server_has_the_mark_in_its_first_schema_and_statements_for_tables_that_are_not_covered() -> None:
    text = prerequisites(Server("erp", "sqlserver", "x", hosting="rds"), [ODD], "fleet_dms", deltas=True)
    for part in (
        "USE [My ]]DB's];",
        "IF OBJECT_ID(N'[it''s].[fleet_mark]') IS NULL CREATE TABLE [it's].[fleet_mark] ([id] int NOT NULL PRIMARY KEY",
        "GRANT SELECT, UPDATE ON [it's].[fleet_mark] TO [fleet_dms];",
        "s.name IN (N'it''s', N'dbo');",
    ):
        assert part in text


@pytest.mark.parametrize("variant", [one for one in VARIANTS if one.deltas], ids=str)
def test_what_the_server_is_given_is_printed_once_for_two_databases(variant: Variant) -> None:
    head = f"-- Server erp: {variant.engine}, {variant.hosting}."
    assert variant.text.count(head) == 1
    of_databases = [variant.text.index(f"-- Database {one}.") for one in ("odd", "other")]
    place = variant.text.index(head)
    assert of_databases == sorted(of_databases)
    assert (place > max(of_databases)) if variant.undo else (place < min(of_databases))


FOUR = """
- {{id: shop, server: {server}, name_at_source: Shop, instance: one, schemas: [s], onboarded: true, deltas: true}}
- {{id: crm, server: {server}, name_at_source: Crm, instance: one, schemas: [s], onboarded: true}}
- {{id: hr, server: {server}, name_at_source: Hr, instance: one, schemas: [s]}}
"""


def run(folder: Path, *words: str) -> tuple[int, str]:
    """The command over a registry of three servers with three databases each, and one without; exit code and words."""
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(SETTINGS)
    engines = {"pg": "postgresql", "erp": "sqlserver"}
    servers = [f"- {{id: {one}, engine: {engine}, secret: x}}" for one, engine in engines.items()]
    (folder / "servers.yaml").write_text("\n".join([*servers, "- {id: empty, engine: postgresql, secret: x}"]))
    entries = FOUR.format(server="pg") + FOUR.format(server="erp").replace("id: ", "id: erp-")
    (folder / "databases.yaml").write_text(entries)
    result = CliRunner().invoke(cli, ["prerequisites", *words, "--registry", str(folder)])
    return result.exit_code, f"{result.output}{result.exception or ''}"


def test_a_server_has_one_script_over_its_onboarded_databases(tmp_path: Path) -> None:
    code, text = run(tmp_path, "--server", "pg", "--login", "reader")
    assert (code, re.findall(r"-- Database (\S+)\.", text)) == (0, ["crm", "shop"])
    assert 'GRANT CONNECT ON DATABASE "Crm" TO "reader";' in text
    code, text = run(tmp_path, "--server", "pg", "--deltas")
    assert (code, re.findall(r"-- Database (\S+)\.", text)) == (0, ["shop"])
    code, text = run(tmp_path, "--server", "pg", "--undo")
    assert (code, re.findall(r"-- Database (\S+)\.", text)) == (0, ["crm", "hr", "shop"])


def test_what_the_whole_server_was_given_stays_as_long_as_another_database_needs_it(tmp_path: Path) -> None:
    assert (
        "What the login may do in the whole server stays: for erp-crm, erp-shop."
        in run(tmp_path, "erp-hr", "--undo")[1]
    )
    text = run(tmp_path, "erp-shop", "--undo", "--deltas")[1]
    assert "ALTER SERVER ROLE [sysadmin] DROP MEMBER [fleet_dms];" in text
    assert "REVOKE VIEW SERVER STATE FROM [fleet_dms];" in run(tmp_path, "--server", "erp", "--undo")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "neither a database nor a server is named."),
        (("shop", "--server", "pg"), "a database and a server are named."),
        (("--server", "emty"), "the registry has no server 'emty'. Did you mean `empty`?"),
        (("--server", "empty"), "server 'empty' has no onboarded database in the registry."),
        (("--server", "empty", "--deltas"), "server 'empty' has no onboarded database with `deltas: true` in the"),
        (("shop", "--deltas", "--without-sysadmin"), "Server 'pg' is postgresql, self-managed, and --deltas is given."),
        (("erp-shop", "--without-sysadmin"), "and --deltas is not given. Leave it out, or add --deltas."),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, text = run(tmp_path, *words)
    assert code != 0
    assert said in text


def test_the_command_prints_the_way_without_sysadmin_where_it_is_asked_for(tmp_path: Path) -> None:
    assert "[sysadmin] ADD MEMBER [fleet_dms]" in run(tmp_path, "erp-shop", "--deltas")[1]
    text = run(tmp_path, "erp-shop", "--deltas", "--without-sysadmin")[1]
    assert ("[sysadmin] ADD MEMBER [fleet_dms]" in text, "ADD SIGNATURE" in text) == (False, True)


def test_the_command_prints_what_deltas_need_only_where_it_is_asked_for() -> None:
    registry = Path(__file__).parents[3] / "registry"
    arguments = ["prerequisites", "nyc-flights", "--registry", str(registry)]
    result = CliRunner().invoke(cli, [*arguments, "--deltas"])
    assert (result.exit_code, "wal_level = logical" in result.output) == (0, True)
    assert 'GRANT SELECT, UPDATE ON "public"."fleet_mark" TO "fleet_dms";' in result.output
    assert "fleet_mark" not in CliRunner().invoke(cli, arguments).output
