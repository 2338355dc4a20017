"""The publications that a capture of PostgreSQL needs: kept by the embedded server, made by a login that may, or asked
for in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import Captures, captures_of

SCHEMA = """
CREATE TABLE items (id integer PRIMARY KEY, name text);
CREATE TABLE keyless (a integer);
"""
# As a server is that is not ours.
WITHOUT_FUNCTION = (
    "DROP EVENT TRIGGER dms_publish_made",
    "DROP FUNCTION pg_catalog.dms_publish(oid[])",
)
CHANGES = (
    "INSERT INTO items VALUES (1, 'a')",
    "DELETE FROM items",
    "INSERT INTO keyless VALUES (1)",
    "DELETE FROM keyless",
)


@pytest.fixture
def captures(postgres: EmbeddedPostgres) -> Iterator[Captures]:
    with captures_of(postgres, "dms_capture_published", SCHEMA) as captures:
        yield captures


def test_a_login_that_owns_the_tables_publishes_them_itself(captures: Captures) -> None:
    captures.execute(
        *WITHOUT_FUNCTION,
        "GRANT CREATE ON DATABASE dms_capture_published TO dms_reader",
        "ALTER TABLE items OWNER TO dms_reader",
        "ALTER TABLE keyless OWNER TO dms_reader",
    )
    task = captures.task()
    captures.begin(task, seconds=30)
    captures.execute(*CHANGES)
    assert captures.end(task)["Status"] == "stopped"
    assert [row["Op"] for row in captures.rows("items")] == ["I", "D"]
    assert [row["Op"] for row in captures.rows("keyless")] == ["I"]


def test_a_login_that_may_not_publish_fails_the_start_with_the_statements_that_help(captures: Captures) -> None:
    captures.execute(*WITHOUT_FUNCTION)
    task = captures.task()
    words = captures.run(task)["LastFailureMessage"]
    _, _, rest = words.partition("run: ")
    statements, _, _ = rest.partition(" Stop Reason")
    captures.execute(*statements.split("; "))
    captures.begin(task, "resume-processing", seconds=30)
    captures.execute(*CHANGES)
    ended = captures.end(task)
    assert ended.get("LastFailureMessage", "") == ""
    assert [row["Op"] for row in captures.rows("items")] == ["I", "D"]
    assert [row["Op"] for row in captures.rows("keyless")] == ["I"]


def test_the_login_that_reads_may_do_nothing_else_with_publications(
    captures: Captures, postgres: EmbeddedPostgres
) -> None:
    captures.run(captures.task())
    with captures.connect_as_reader() as connection:
        for statement in (
            "SELECT pg_catalog.dms_publish_table('items'::regclass)",
            "DROP PUBLICATION dms_changes",
            "ALTER PUBLICATION dms_changes DROP TABLE items",
        ):
            with pytest.raises(Exception, match=r"permission denied|must be owner"), connection.transaction():
                connection.execute(statement)  # type: ignore[arg-type]  a literal
    with postgres.connect("dms_capture_published") as connection:
        names = connection.execute("SELECT pubname FROM pg_publication ORDER BY 1").fetchall()
    assert names == [("dms_changes",), ("dms_inserts",)]


def test_a_database_that_nobody_captures_has_no_publication(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("dms_capture_plain")
    with postgres.connect("dms_capture_plain") as connection:
        connection.execute(SCHEMA)  # type: ignore[arg-type]  a literal
        assert connection.execute("SELECT count(*) FROM pg_publication").fetchone() == (0,)
    postgres.drop_database("dms_capture_plain")
