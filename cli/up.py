"""`fleet up`, `down` and `reset`: the local cloud on one HTTP endpoint, for boto3, the AWS CLI and Terraform."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from cli.detaching import Parent, detach
from cli.options import Factor, NonEmptyPath, dms_rate_option, json_option
from cli.own.options import secrets_option
from cli.wanted import Wanted
from fleet.errors import FleetError, MalformedInputError
from fleet.names import machine_arn
from local.admin_paths import RESET
from local.up_folder import Up, ask, end, find
from localcloud.account import ACCOUNT, REGION

OWN = "own"
ACCESS_KEY = "AKIAFLEETLOCAL000000"
_PORT = 4566

folder_option = click.option(
    "--folder", type=NonEmptyPath(), default=Path("cloud"), show_default=True, help="Where all of it goes."
)


class NotResetError(FleetError):
    """The local cloud did not do what `fleet reset` asked for."""


@click.command(
    epilog="""\b
Examples:
  eval "$(fleet up --detach)"                an empty account; then: aws dms describe-endpoints
  fleet up --fleet sample                    the demo's fleet, deployed, ready for a night; Ctrl-C ends it
                                             then: fleet run, and fleet run --mode delta for what has changed since
  fleet up --port 0 --json --detach          any free port, shown as JSON
  fleet up --fleet sample --clock virtual    no night waits for anything
  fleet up --fleet sample --dms-rate off     DMS answers every request
  fleet up --registry my-registry            databases of your own, deployed (`fleet init` writes the registry)
"""
)
@folder_option
@click.option("--port", type=click.IntRange(0, 65_535), default=_PORT, show_default=True, help="0: any free one.")
@click.option("--fleet", type=click.Choice(["sample"]), help="Build these sources and deploy them. Default: empty.")
@click.option("--registry", type=NonEmptyPath(), help="Deploy the onboarded databases of your own registry.")
@secrets_option
@click.option("--databases", type=click.IntRange(1, 250), help="How many, with --fleet. Default: the sample's.")
@click.option("--tables", type=click.IntRange(1, 1000), help="Tables of each, with --fleet. Default: as published.")
@click.option(
    "--clock",
    type=click.Choice(["real", "virtual"]),
    default="real",
    show_default=True,
    help="Let states take the time they take at AWS, or skip every wait.",
)
@click.option(
    "--time-scale",
    type=Factor(0.001, 10_000),
    default=1,
    show_default=True,
    help="Time flies so much faster.",
)
@dms_rate_option
@click.option("--detach", "is_detached", is_flag=True, help="Go on in the background; `fleet down` ends it.")
@click.option("--log", "logs", is_flag=True, help="One line for each call, on stderr (detached: in FOLDER/up.log).")
@json_option
@click.option("--ready-fd", type=int, hidden=True)
def up(*, is_detached: bool, as_json: bool, ready_fd: int | None, **given: object) -> int:
    """Serve the local cloud on one endpoint of this machine, for boto3, the AWS CLI, Terraform, and `fleet run`.

    Prints the environment lines that point them at it, on stdout; all else goes to stderr. Everything is in memory and
    gone with it, but for the source databases of --fleet sample, which are kept in the folder. Who calls is read from
    the signature, which is not checked.
    """
    elsewhere = find_leading_elsewhere(os.environ)
    wanted = Wanted(**given)  # type: ignore[arg-type]  click's, by the options above
    if wanted.fleet is None and (wanted.databases or wanted.tables):
        raise MalformedInputError("--databases and --tables shape a fleet.", remedy="Add --fleet sample.")
    if wanted.registry is not None:
        if wanted.fleet is not None:
            raise MalformedInputError("--fleet and --registry name two fleets.", remedy="Give one of them.")
        wanted = replace(wanted, fleet=OWN)
    if is_detached:
        _print(detach(_arguments(wanted)), wanted, elsewhere, as_json=as_json, is_detached=True)
        return 0

    from cli.serving import serve  # here: it loads the local cloud, which takes seconds

    def ready(found: Up) -> None:
        if ready_fd is None:
            _print(found, wanted, elsewhere, as_json=as_json, is_detached=False)
        parent.tell_up(found)

    with Parent(ready_fd) as parent:
        serve(wanted, parent, ready)
    return 0


@click.command(
    epilog="""\b
Examples:
  fleet down
  fleet down --folder elsewhere --json       the one that `fleet up --folder elsewhere` started
"""
)
@folder_option
@json_option
def down(folder: Path, as_json: bool) -> int:
    """End the local cloud that `fleet up` started on FOLDER, and wait until it has gone."""
    pid = end(folder)
    click.echo(json.dumps({"ended": pid}) if as_json else f"The local cloud on {folder} has ended (process {pid}).")
    return 0


@click.command(
    epilog="""\b
Examples:
  fleet reset
  fleet reset --folder elsewhere --json      the one that `fleet up --folder elsewhere` started
"""
)
@folder_option
@json_option
def reset(folder: Path, as_json: bool) -> int:
    """Make the account as it was when `fleet up` had started it: empty, or with the fleet just deployed.

    What runs is broken off. Source databases stay as they are.
    """
    found = find(folder)
    status, body = ask(found, RESET)
    if status != 200:
        raise NotResetError(f"{found.endpoint} answered {status}: {body}", remedy="`fleet down`, `fleet up`.")
    click.echo(json.dumps(_document(found)) if as_json else f"The account at {found.endpoint} is {_content(found)}.")
    return 0


def _arguments(wanted: Wanted) -> list[str]:
    """The command line that asks for *wanted*."""
    arguments = ["up", "--folder", str(wanted.folder), "--port", str(wanted.port), "--clock", wanted.clock]
    arguments += ["--time-scale", str(wanted.time_scale), *(["--log"] if wanted.logs else [])]
    rate = wanted.dms_rate
    arguments += ["--dms-rate", f"{rate.burst}/{rate.per_second}" if rate else "off"]
    own = (("--registry", wanted.registry), ("--secrets", wanted.secrets_file)) if wanted.registry else ()
    sample = (("--fleet", wanted.fleet),) if not wanted.registry else ()
    shape = (("--databases", wanted.databases), ("--tables", wanted.tables))
    for option, value in (*own, *sample, *shape):
        arguments += [option, str(value)] if value is not None else []
    return arguments


def _document(up: Up) -> dict[str, object]:
    document: dict[str, object] = {
        "endpoint": up.endpoint,
        "pid": up.pid,
        "fleet": up.fleet,
        "databases": up.databases,
        "environment": _environment(up),
    }
    return document | ({"fleet_run": _fleet_run(up)} if up.fleet else {})


def _environment(up: Up) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": up.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def _fleet_run(up: Up) -> str:
    return machine_arn(ACCOUNT, REGION, up.prefix, "fleet-run")


def _content(up: Up) -> str:
    plural = "" if up.databases == 1 else "s"
    return f"the {up.fleet} fleet of {up.databases} database{plural}, deployed" if up.fleet else "empty"


_ELSEWHERE = re.compile(
    "AWS_ENDPOINT_URL_.*|AWS_(DEFAULT_)?PROFILE|AWS_SESSION_TOKEN|AWS_USE_(FIPS|DUALSTACK)_ENDPOINT"
    "|AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
)


def find_leading_elsewhere(environment: Iterable[str]) -> list[str]:
    """The variables that would lead AWS's tools past the local cloud, in spite of `AWS_ENDPOINT_URL`.

    Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html

    >>> find_leading_elsewhere(["AWS_REGION", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_ENDPOINT_URL"])
    ['AWS_ENDPOINT_URL_S3', 'AWS_PROFILE']
    """
    return sorted(name for name in environment if _ELSEWHERE.fullmatch(name))


def _print(up: Up, wanted: Wanted, elsewhere: Sequence[str], *, as_json: bool, is_detached: bool) -> None:
    """The environment lines to stdout, and for a person the rest to stderr. *elsewhere*: variables to unset."""
    if as_json:
        click.echo(json.dumps(_document(up)))
        return
    click.echo(f"The local cloud is up at {up.endpoint}; its account is {_content(up)}.\n", err=True)
    for name, value in _environment(up).items():
        click.echo(f"export {name}={value}")
    for name in elsewhere:
        click.echo(f"unset {name}")
    end_with = f"`fleet down --folder {wanted.folder}`" if is_detached else "Ctrl-C"
    lines = [
        "",
        'Terraform, with these lines:  provider "aws" { s3_use_path_style = true }',
        f"Snowflake's SQL API:          {up.endpoint}/api/v2/statements",
    ]
    if up.fleet:
        own = f" --registry {wanted.registry}" if wanted.registry else ""
        lines += [
            f"Start a night:                fleet run{own}, or aws stepfunctions start-execution --name night-1 "
            f'--state-machine-arn {_fleet_run(up)} --input \'{{"mode": "full"}}\'',
            *([] if own else ["Bring what has changed:       fleet run --mode delta, after a full one"]),
        ]
    click.echo("\n".join([*lines, f"End it:                       {end_with}"]), err=True)
