"""The commands of `fleet`, and what becomes of an error in one of them: a sentence and an exit code."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from contextlib import suppress

import click

from cli.account import Account
from cli.demo import demo
from cli.explaining import OUR_FAULT, USAGE, explain
from cli.faults import faults
from cli.night_commands import report, rerun, run, status, stop
from cli.plan import plan
from cli.prerequisites import prerequisites
from cli.stack.deploy import deploy, destroy
from cli.stack.stacks import Bench
from cli.terminal import drop_output, escape_unprintable, flush_output
from cli.up import down, reset, up
from cli.verify import verify

UNREAD = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fleet-replicator", prog_name="fleet")
def cli() -> None:
    """Copies a fleet of databases every night through AWS DMS to Parquet on S3 and on into Snowflake.

    \b
    Exit codes: 0 fine, 1 something did not end ok, 2 wrong usage, input or environment, 3 a fault of ours.
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
    plan,
    prerequisites,
    verify,
    deploy,
    destroy,
):
    cli.add_command(command)


def run_command(arguments: Sequence[str] | None, account: Account | Bench | None) -> int:
    """Run the command that *arguments* name; its exit code. What a person can mend is one sentence, never a traceback.

    Raises:
        KeyboardInterrupt: A person ended it.
    """
    escape_unprintable()
    try:
        code = cli.main(arguments, standalone_mode=False, obj=account) or 0
        flush_output()
    except click.ClickException as error:
        error.show()
        code = USAGE
    except click.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:  # noqa: BLE001  the last place that can turn it into an exit code
        code = _report(error)
    drop_output()
    return code


def _report(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        return UNREAD  # as of `fleet status | head -1`: nobody is there to read a sentence
    sentence, code = explain(error) or (None, OUR_FAULT)
    if sentence is None:
        traceback.print_exc()
        sentence = "that was a fault of this program. Report it, with the lines above."
    with suppress(OSError):  # where nobody can read it, the code says it alone
        click.echo(f"Error: {sentence}", err=True)
    return code
