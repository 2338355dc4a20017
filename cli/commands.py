"""The commands of `fleet`, and what becomes of an error in one of them: a sentence and an exit code."""

from __future__ import annotations

import ast
import errno
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.explaining import OUR_FAULT, USAGE, explain
from cli.terminal import drop_output, escape_unprintable, flush_output

if TYPE_CHECKING:
    from cli.account import Account
    from cli.stack.stacks import Bench

UNREAD = 1
_MODULES = {
    "init": "cli.own.init",
    "try": "cli.own.try_own",
    "explain": "cli.explain",
    "onboard": "cli.onboard",
    "offboard": "cli.onboard",
    "demo": "cli.demo",
    "faults": "cli.faults",
    "errors": "cli.errors",
    "run": "cli.night_commands",
    "status": "cli.night_commands",
    "sweep": "cli.night_commands",
    "rerun": "cli.night_commands",
    "stop": "cli.night_commands",
    "snowflake": "cli.snowflake_setup",
    "report": "cli.night_commands",
    "up": "cli.up",
    "down": "cli.up",
    "reset": "cli.up",
    "plan": "cli.plan",
    "prerequisites": "cli.prerequisites",
    "check": "cli.check",
    "profile": "cli.profile",
    "show": "cli.census",
    "verify": "cli.verify",
    "deploy": "cli.stack.deploy",
    "destroy": "cli.stack.deploy",
}
"""Where each command is a function of its name, or of `_FUNCTIONS`' where Python keeps that for itself."""
_FUNCTIONS = {"try": "try_own"}


class LazyGroup(click.Group):
    """Loads a command when it is named: who asks for a status need not wait until a local cloud is loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _MODULES:
            return None
        return getattr(import_module(_MODULES[cmd_name]), _FUNCTIONS.get(cmd_name, cmd_name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(len(name) for name in names)  # as click itself has it
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, click.Command(name, help=_docstring(name)).get_short_help_str(limit)) for name in names]
            )


def _docstring(name: str) -> str:
    """What the command says it does, read without loading it."""
    source = Path(__file__).parents[1] / (_MODULES[name].replace(".", "/") + ".py")
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == _FUNCTIONS.get(name, name):
            return ast.get_docstring(node) or ""
    return ""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fleet-replicator", prog_name="fleet")
def cli() -> None:
    """Copies a fleet of databases every night through AWS DMS to Parquet on S3 and on into Snowflake.

    \b
    Exit codes: 0 fine, 1 something did not end ok, 2 wrong usage, input or environment, 3 a fault of ours.
    """


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
