"""The command `fleet`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from cli.account import Account
from cli.demo import demo
from cli.faults import faults
from cli.night_commands import report, rerun, run, status, stop
from cli.prerequisites import prerequisites
from cli.stack.deploy import deploy, destroy
from cli.stack.stacks import Bench
from cli.up import down, reset, up
from cli.verify import verify
from fleet.errors import FleetError, QuotaExceededError, RegistryError, RequestError

FINDINGS, USAGE, OUR_FAULT, INTERRUPTED = 1, 2, 3, 130
_NOT_SIGNED_IN = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fleet-replicator", prog_name="fleet")
def cli() -> None:
    """Copies a fleet of databases every night through AWS DMS to Parquet on S3 and on into Snowflake.

    \b
    Exit codes: 0 fine, 1 something did not end ok, 2 wrong usage or input, 3 a fault of ours.
    """


for command in (
    demo,
    faults,
    run,
    status,
    rerun,
    stop,
    report,
    up,
    down,
    reset,
    prerequisites,
    verify,
    deploy,
    destroy,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None, account: Account | Bench | None = None) -> None:
    """Run the command; what a person did wrong is one sentence, never a traceback.

    *arguments*: else those of the process; *account*: else the one that the registry names. A deployment needs more
    than an account: its bench.
    """
    try:
        sys.exit(cli.main(arguments, standalone_mode=False, obj=account) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (RegistryError, RequestError, QuotaExceededError) as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(USAGE)
    except FleetError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(OUR_FAULT)
    except NoRegionError as error:
        click.echo(f"Error: {error} Set AWS_DEFAULT_REGION, or one in your profile.", err=True)
        sys.exit(USAGE)
    except _NOT_SIGNED_IN as error:
        click.echo(f"Error: {error}. Sign in to AWS; `fleet demo` needs no account.", err=True)
        sys.exit(USAGE)
    except (ClientError, BotoCoreError) as error:
        click.echo(f"Error: {error}.", err=True)
        sys.exit(OUR_FAULT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Start it again: it begins clean.", err=True)
        sys.exit(INTERRUPTED)
