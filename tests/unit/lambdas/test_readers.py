"""Who may read in Snowflake what a night has loaded."""

from __future__ import annotations

import pytest

from cases import Case
from fleet.names import warehouse_schema
from localcloud.snowflake.errors import SnowflakeError


def rows(case: Case, role: str) -> int:
    """How many orders the role reads."""
    query = f'SELECT * FROM "FLEET"."{warehouse_schema(case.id, "public")}"."ORDERS"'
    (result,) = case.cloud.snowflake.administer(query, role=role, warehouse=case.settings.snowflake.warehouse)
    return len(result.rows)


def test_what_a_night_loads_is_read_by_the_readers_role_and_by_those_above_the_loaders(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    assert [rows(case, role) for role in (case.settings.snowflake.reader_role, "SYSADMIN", "ACCOUNTADMIN")] == [5, 5, 5]
    with pytest.raises(SnowflakeError, match="not authorized"):
        rows(case, "PUBLIC")
