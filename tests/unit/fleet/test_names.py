"""Names that must fit where others keep them, and must not meet."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.errors import MalformedIdError
from fleet.names import (
    DATABASE_ID_CHARACTERS,
    NIGHT_NAME_CHARACTERS,
    endpoint_role_name,
    require_database_id,
    require_run_id,
    scheduled_run,
    source_endpoint_id,
    target_endpoint_id,
    task_id,
    warehouse_name,
    warehouse_schema,
)
from fleet.quotas import SFN_EXECUTION_NAME_CHARACTERS
from orchestration.definitions import load

LONGEST_RUN = require_run_id("r" * 40)
LONGEST_DATABASE = require_database_id("d" * DATABASE_ID_CHARACTERS)

ids = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
schemas = st.text(min_size=1, max_size=12) | st.from_regex(r"[A-Za-z_]{1,6}", fullmatch=True)


def test_the_longest_ids_fit_the_name_of_an_execution_with_a_million_redrives() -> None:
    name = re.findall(r"\"Name\.\$\": \"States\.Format\('([^']*)', ([^)]*)\)\"", json.dumps(load("fleet-run")))
    assert name == [("{}-{}-{}", "$.run, $.database, $$.Execution.RedriveCount")]
    longest = f"{LONGEST_RUN}-{LONGEST_DATABASE}-999999"
    assert len(longest) <= SFN_EXECUTION_NAME_CHARACTERS.value
    assert re.fullmatch(r"[A-Za-z0-9_-]+", longest)


def test_the_longest_schedule_names_a_run_also_where_schedulers_ids_are_longer_than_its_example() -> None:
    for scheduler_id in ("d32c5kddcf5bb8c3", "d32c5kddcf5bb8c3xyz"):
        require_run_id(scheduled_run("n" * NIGHT_NAME_CHARACTERS, scheduler_id))
    with pytest.raises(MalformedIdError, match="1 to 40 characters"):
        require_run_id(scheduled_run("nightly", "00000000-0000-0000-0000-000000000000"))


@given(ids)
def test_every_identifier_in_dms_begins_with_a_letter_and_has_single_hyphens(database: str) -> None:
    made = [source_endpoint_id("fleet", database), target_endpoint_id("fleet", database)]
    made += [task_id("fleet", database, mode) for mode in ("full", "delta")]
    assert all(re.fullmatch(r"[a-z](-?[a-z0-9])*", name) for name in made)
    assert len(set(made)) == 4


def test_the_longest_role_fits_iams_64_characters() -> None:
    # Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert len(endpoint_role_name("a-prefix-of-28-characters-xx", LONGEST_DATABASE)) <= 64


@given(st.lists(st.tuples(ids, schemas), min_size=2, max_size=2, unique=True))
def test_two_schemas_share_a_place_in_snowflake_only_within_one_database(
    pairs: list[tuple[str, str]],
) -> None:
    (one, first), (other, second) = pairs
    if warehouse_schema(one, first) == warehouse_schema(other, second):
        assert (one, warehouse_name(first)) == (other, warehouse_name(second))


@given(schemas)
def test_only_plain_names_are_folded(name: str) -> None:
    assert warehouse_name(name) in {name, name.upper()}
    assert warehouse_name(warehouse_name(name)) == warehouse_name(name)
