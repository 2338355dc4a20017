"""What Snowflake says to the loader: five statements, each by itself, none of which needs a warehouse that runs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from fleet.checks.account_facts import GrantFacts, IntegrationFacts, Seen, SnowflakeFacts, Unseen
from fleet.databases import SnowflakeSettings
from fleet.errors import FleetError
from fleet.sentences import as_clause
from fleet.warehouse import literal, quote
from lambdas.clients.refusals import translate
from lambdas.clients.snowflake import Failed, Row, Running, SqlApi, SqlApiError
from lambdas.wiring import Clients

_NO_FOLDER = "fleet-check"
"""A folder of the landing bucket that no database has: listing it reads nothing."""


def look_at_snowflake(clients: Clients, settings: SnowflakeSettings) -> SnowflakeFacts:
    """The first statement signs in; where that fails, nothing more is asked."""
    api = clients.snowflake(settings)
    grants = _ask(api, f"SHOW GRANTS TO ROLE {settings.role}")
    if isinstance(grants, Unseen):
        return nothing_seen(grants)
    if isinstance(grants, str):
        return replace(nothing_seen(Unseen("Snowflake did not let the loader in")), refused=grants)
    listed = _ask(api, f"LIST {literal(f'@{quote(settings.database)}.OPS.LANDING/{_NO_FOLDER}/')}")
    return SnowflakeFacts(
        refused="",
        loader=tuple(map(_read_grant, grants)),
        reader=_read_grants(_ask(api, f"SHOW GRANTS TO ROLE {settings.reader_role}")),
        future=_read_grants(_ask(api, f"SHOW FUTURE GRANTS TO ROLE {settings.reader_role}")),
        integration=_read_integration(_ask(api, "DESC STORAGE INTEGRATION FLEET_LANDING")),
        landing_refused=listed if isinstance(listed, Unseen | str) else "",
    )


def nothing_seen(why: Unseen) -> SnowflakeFacts:
    """Where nobody can ask Snowflake."""
    return SnowflakeFacts(why, why, why, why, why, why)


def _ask(api: SqlApi, statement: str) -> list[Row] | str | Unseen:
    """The rows; Snowflake's words where it refused; or why nobody could ask."""
    try:
        progress = api.run([statement], str(uuid.uuid4()))
        if isinstance(progress, Running):
            api.cancel(progress.handle)
    except SqlApiError as error:
        return as_clause(str(error))
    except FleetError as error:
        return Unseen(as_clause(str(error)))
    except ValueError as error:
        return Unseen(f"what answers at Snowflake's address is no SQL API: {error}")
    except (ClientError, BotoCoreError) as error:
        return Unseen(f"KMS did not sign: {as_clause(str(translate(error)))}")
    if isinstance(progress, Running):
        return Unseen(f"Snowflake did not end {statement} in its 45 seconds")
    if isinstance(progress, Failed):
        return f"{progress.code}: {as_clause(' '.join(progress.message.split()))}"
    return progress.results[0] or []


def _read_grants(answer: list[Row] | str | Unseen) -> Seen[tuple[GrantFacts, ...]]:
    if isinstance(answer, str):
        return Unseen(answer)
    return answer if isinstance(answer, Unseen) else tuple(map(_read_grant, answer))


def _read_grant(row: Row) -> GrantFacts:
    """The columns of SHOW FUTURE GRANTS have names of their own.

    Source: https://docs.snowflake.com/en/sql-reference/sql/show-grants (documented). Names come with quotes where they
    need them.
    """
    on = row.get("granted_on") or row.get("grant_on") or ""
    return GrantFacts(row["privilege"] or "", on.replace(" ", "_"), (row["name"] or "").replace('"', ""))


def _read_integration(answer: list[Row] | str | Unseen) -> Seen[IntegrationFacts]:
    """Source: https://docs.snowflake.com/en/sql-reference/sql/desc-integration (documented)."""
    if isinstance(answer, str):
        return Unseen(answer)
    if isinstance(answer, Unseen):
        return answer
    found: Mapping[str, str] = {row["property"] or "": row["property_value"] or "" for row in answer}
    return IntegrationFacts(
        is_enabled=found.get("ENABLED", "").lower() == "true",
        role_arn=found.get("STORAGE_AWS_ROLE_ARN", ""),
        user_arn=found.get("STORAGE_AWS_IAM_USER_ARN", ""),
        external_id=found.get("STORAGE_AWS_EXTERNAL_ID", ""),
        locations=tuple(one for one in found.get("STORAGE_ALLOWED_LOCATIONS", "").split(",") if one),
    )
