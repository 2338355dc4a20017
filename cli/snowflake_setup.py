"""`fleet snowflake`: what an administrator of Snowflake runs once, and the same in a local cloud."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from cli.account import client_maker, read_fleet
from cli.options import NonEmptyPath, Text, json_option, registry_option
from fleet.databases import Settings
from fleet.errors import FleetError, MalformedInputError
from fleet.warehouse import administration, public_key_text
from local.admin_paths import ADMINISTER
from local.up_folder import ask, find


class SnowflakeNotSetUpError(FleetError):
    """The stand-in for Snowflake refused a statement of its administrator's."""


@click.command(
    epilog="""\b
Examples:
  fleet snowflake > setup.sql                        for ACCOUNTADMIN; the external id is that of settings.yaml
  fleet snowflake --external-id fleet-0001           before settings.yaml has one
  fleet snowflake --folder cloud                     run it in the local cloud of `fleet up`
"""
)
@click.option("--external-id", type=Text(), help="By which the role knows Snowflake. Default: that of settings.yaml.")
@click.option("--folder", type=NonEmptyPath(), help="Run it in the local cloud that is up on this folder.")
@json_option
@registry_option
def snowflake(external_id: str | None, folder: Path | None, as_json: bool, registry: Path) -> int:
    """Print the SQL that sets up Snowflake for this fleet, with the public half of its key from KMS.

    Running it again changes nothing but the key. Its last statement shows the user that the role of the landing bucket
    must trust (`STORAGE_AWS_IAM_USER_ARN`): that goes into settings.yaml, and the next deploy makes the role.
    """
    settings = read_fleet(registry).settings
    external_id = external_id or settings.stack.snowflake_trust.external_id
    if not external_id:
        raise MalformedInputError(
            "settings.yaml has no stack.snowflake_trust.external_id.",
            remedy="Make one up, and give it with --external-id; write it into the settings with the user's ARN.",
        )
    key = client_maker(settings.region)("kms").get_public_key(KeyId=settings.snowflake.key_id)["PublicKey"]
    statements = administration(settings, public_key_text(key), external_id)
    if folder is not None:
        administer(folder, statements, settings)
        count = len(statements)
        said = f"Snowflake's stand-in on {folder} is set up: {count} statements."
        click.echo(json.dumps({"statements": count}) if as_json else said)
        return 0
    # The stand-in has no such statement: nobody needs its answer there.
    statements = (*statements, "DESC STORAGE INTEGRATION FLEET_LANDING")
    click.echo(json.dumps(statements) if as_json else "".join(f"{one};\n" for one in statements), nl=as_json)
    return 0


def administer(folder: Path, statements: Sequence[str], settings: Settings) -> None:
    """Run *statements* in Snowflake's stand-in of the local cloud that is up on *folder*, as its administrator.

    Raises:
        NotUpError: None is.
        SnowflakeNotSetUpError: One was refused.
    """
    found = find(folder)
    asked = {"statements": ";\n".join(statements), "database": settings.snowflake.database}
    status, body = ask(found, ADMINISTER, json.dumps(asked))
    if status != 200:
        raise SnowflakeNotSetUpError(f"{found.endpoint} answered {status}: {body}", remedy="`fleet reset`.")
