"""`fleet verify aws`: what the local cloud assumes of AWS, asked of a real account."""

from __future__ import annotations

import json
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import boto3
import click
from botocore.exceptions import NoRegionError

from cli.account import REGISTRY, read_fleet, reading_aws_settings
from cli.options import NonEmptyPath, Text
from cli.verifying import PREFIX, pause_locally
from fleet.databases import Limits
from fleet.errors import MalformedInputError
from local.coverage.account_checks import CHECKS, AccountQuestion
from local.coverage.asking import Answered, Asking
from local.coverage.declarations import named
from local.coverage.to_verify import Open, open_questions
from localcloud.http.server import LOOPBACK

Agreement = Literal["agrees", "differs", "not asked", "not run"]
_MEANS: dict[Agreement, str] = {
    "agrees": "agree",
    "differs": "differ",
    "not asked": "could not be asked",
    "not run": "were not run, because they make something (--create --role ARN)",
}


@dataclass(frozen=True)
class CheckResult:
    """What came of one check. *local*, *seen*: what the local cloud and the account said; *commands*: what was sent, or
    would have been."""

    check: AccountQuestion
    word: Agreement
    local: Any
    seen: Any
    why: str
    commands: tuple[str, ...]
    left: tuple[str, ...]


@click.group(
    epilog="""\b
Examples:
  fleet verify aws --list
"""
)
def verify() -> None:
    """Hold the local cloud against the account."""


@verify.command(
    epilog="""\b
Examples:
  fleet verify aws                           read and validate only
  fleet verify aws --create --role arn:aws:iam::111122223333:role/fleet-verify
  fleet verify aws --list                    asks nobody
"""
)
@click.option("--list", "is_listed", is_flag=True, help="Only list what is to be settled, and how.")
@click.option("--create", "creates", is_flag=True, help="Make state machines and endpoints too, and remove them.")
@click.option("--role", type=Text(), help="The role's ARN for them: states and dms may assume it; it needs no rights.")
@click.option(
    "--registry",
    type=NonEmptyPath(),
    help="The folder of the registry, whose limits are compared too.  [default: registry, if it is there]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def aws(*, is_listed: bool, creates: bool, role: str | None, registry: Path | None, as_json: bool) -> int:
    """Ask the account of your AWS credentials what the local cloud assumes, and compare.

    Without --create nothing is made, changed or removed. With it, state machines that pass a handful of transitions and
    endpoints that nobody uses are made under names that begin with `fleet-verify-`, and removed again. What only a
    person can settle is in docs/to-verify-on-aws.md. Exits 1 where something differs or could not be asked.
    """
    if creates != bool(role):
        raise MalformedInputError("--create and --role go together.", remedy="Name the role's ARN, or leave out both.")
    if is_listed:
        _list(open_questions(), as_json=as_json)
        return 0
    limits = _read_limits(registry)
    account = _connect(role or "")  # first: without credentials there is nothing to compare with
    from cli.local_answers import ask_local  # here: it loads the local cloud, which takes seconds

    expected = ask_local(CHECKS, limits)
    results = [_judge(one, answered, account, creates=creates) for one, answered in zip(CHECKS, expected, strict=True)]
    by_hand = sum(one.by == "person" for one in open_questions())
    if as_json:
        click.echo(json.dumps(_document(account, results, by_hand), indent=1))
    else:
        _print(account, results, by_hand)
    return int(any(one.word in {"differs", "not asked"} or one.left for one in results))


def _read_limits(folder: Path | None) -> Limits:
    """Those of the registry in *folder*, or in the usual place; the defaults where no registry is."""
    if folder is None and not REGISTRY.is_dir():
        return Limits()
    return read_fleet(folder or REGISTRY).settings.limits


def _connect(role: str) -> Asking:
    """The account of the environment's credentials. It is asked who it is."""
    with reading_aws_settings():
        session = boto3.Session()
        if not session.region_name:
            raise NoRegionError  # STS alone would answer without one
        sts = session.client("sts")
    return Asking(
        {},
        account=sts.get_caller_identity()["Account"],
        region=sts.meta.region_name,
        prefix=f"{PREFIX}-{secrets.token_hex(4)}",
        role=role,
        # A person may ask `fleet up` as well, which needs no time until its lists follow.
        pause=pause_locally if urlsplit(sts.meta.endpoint_url).hostname == LOOPBACK else time.sleep,  # noqa: TID251
    )


def _judge(check: AccountQuestion, local: Answered, account: Asking, *, creates: bool) -> CheckResult:
    if check.makes and not creates:
        return CheckResult(check, "not run", local.seen, None, f"It makes {check.makes}.", local.commands, ())
    if local.why:
        return CheckResult(check, "not asked", None, None, f"The local cloud: {local.why}", (), ())
    answered = account.put(check.ask)
    word: Agreement = "not asked" if answered.why else "agrees" if answered.seen == local.seen else "differs"
    return CheckResult(check, word, local.seen, answered.seen, answered.why, answered.commands, answered.left)


def _document(account: Asking, results: Sequence[CheckResult], by_hand: int) -> dict[str, object]:
    counted = Counter(one.word for one in results)
    return {
        "account": account.account,
        "region": account.region,
        "checks": [
            {
                "service": named(one.check.settles)[0].title,
                "behaviour": one.check.settles,
                "makes": one.check.makes or None,
                "verdict": one.word,
                "local": one.local,
                "seen": one.seen,
                "why": one.why or None,
                "remedy": (one.word == "differs" and one.check.remedy) or None,
                "commands": list(one.commands),
                "left_behind": list(one.left),
            }
            for one in results
        ],
        "totals": {word: counted[word] for word in _MEANS},
        "by_a_person": by_hand,
    }


def _print(account: Asking, results: Sequence[CheckResult], by_hand: int) -> None:
    click.echo(f"Account {account.account}, {account.region}\n")
    for one in results:
        click.echo(f"{one.word:<10} {named(one.check.settles)[0].title}: {one.check.settles}")
        lines: list[str] = [one.why] if one.why else []
        if one.word == "differs":
            lines += [f"the local cloud: {json.dumps(one.local)}", f"this account:    {json.dumps(one.seen)}"]
            lines += [one.check.remedy] if one.check.remedy else []
        if one.word in {"differs", "not run"}:
            lines += [f"$ {command}" for command in one.commands]
        lines += [f"LEFT BEHIND: {problem}" for problem in one.left]
        for line in lines:
            click.echo(f"{'':<10} {line}")
    counted = Counter(one.word for one in results)
    click.echo()
    for word, means in _MEANS.items():
        click.echo(f"{counted[word]:>4} {means}")
    click.echo(f"{by_hand:>4} are for a person: docs/to-verify-on-aws.md")


def _list(questions: Sequence[Open], *, as_json: bool) -> None:
    if as_json:
        listed = [
            {"service": one.service, "behaviour": one.name, "by": one.by, "makes": one.makes or None, "ask": one.ask}
            for one in questions
        ]
        click.echo(json.dumps(listed, indent=1))
        return
    for one in questions:
        click.echo(f"{one.by:<8} {one.service}: {one.name}")
        for line in filter(None, (one.ask, one.makes and f"--create: it makes {one.makes}")):
            click.echo(f"{'':<8} {line}")
    counted = Counter(one.by for one in questions)
    made = sum(bool(one.makes) for one in questions)
    click.echo(f"\n{counted['machine']:>4} by `fleet verify aws`, {made} of them with --create")
    click.echo(f"{counted['person']:>4} by a person: docs/to-verify-on-aws.md")
