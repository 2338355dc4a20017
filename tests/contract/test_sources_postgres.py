from __future__ import annotations

from local.sources.postgres import EmbeddedPostgres


def test_a_database_made_from_a_template_holds_its_rows(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("sources original")
    with postgres.connect("sources original") as connection:
        connection.execute("CREATE TABLE t AS SELECT generate_series(1, 7) AS n")
    postgres.create_database("sources copy", template="sources original")
    with postgres.connect("sources copy") as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (7,)
    postgres.drop_database("sources copy")
    assert "sources copy" not in postgres.databases()
    assert "sources original" in postgres.databases()
