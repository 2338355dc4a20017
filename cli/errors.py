"""`fleet errors`: what each name of a failure means, who owns its cause, and what to do."""

from __future__ import annotations

import json

import click
from rich.table import Table

from cli.options import Text
from cli.terminal import make_console
from fleet.errors import MalformedInputError
from fleet.failure_names import NAMES, FailureName
from fleet.failures import CLASSES
from fleet.spelling import did_you_mean

_NARROWEST = 120  # columns; a narrower terminal folds its lines


@click.command(
    epilog="""\b
Examples:
  fleet errors
  fleet errors TableNotLoaded
  fleet errors --json
"""
)
@click.argument("name", type=Text(), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def errors(name: str | None, as_json: bool) -> int:
    """Say what each failure that an outcome may name means, who owns its cause, and what to do.

    With NAME, one of them. Names are those in outcomes, reports and messages.
    """
    found = NAMES if name is None else {one: NAMES[one] for one in [_find(name)]}
    if as_json:
        listed = [_describe(one, known) for one, known in found.items()]
        click.echo(json.dumps(listed if name is None else listed[0], indent=1))
    elif name is None:
        _print_all()
    else:
        for one, known in found.items():
            _print_one(one, known)
    return 0


def _find(name: str) -> str:
    """The name as the list has it, whatever its case.

    Raises:
        MalformedInputError: No failure is called so.
    """
    by_lower = {one.lower(): one for one in NAMES}
    if found := by_lower.get(name.lower()):
        return found
    raise MalformedInputError(
        f"no failure is called {name!r}.", remedy=f"{did_you_mean(name, NAMES)} `fleet errors` lists all."
    )


def _print_all() -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "owner", "what it means"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "name")
    for name, known in NAMES.items():
        table.add_row(name, " or ".join(known.owners), known.means)
    console = make_console(narrowest=_NARROWEST)
    console.print(table, soft_wrap=False)
    console.print(f"{len(NAMES)} names. What to do about one: `fleet errors NAME`.")


def _print_one(name: str, known: FailureName) -> None:
    click.echo(f"{name}: {known.means}")
    click.echo(f"What to do: {known.remedy}")
    click.echo(f"Found by:   {known.place}")
    for one in known.classes:
        click.echo(f"Class:      {one}. Owner: {CLASSES[one].owner}. {CLASSES[one].remedy}")


def _describe(name: str, known: FailureName) -> dict[str, object]:
    return {
        "name": name,
        "means": known.means,
        "remedy": known.remedy,
        "place": known.place,
        "classes": [
            {"name": one, "owner": CLASSES[one].owner, "remedy": CLASSES[one].remedy, "budget": CLASSES[one].budget}
            for one in known.classes
        ],
    }
