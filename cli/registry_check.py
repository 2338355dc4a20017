"""What is wrong with a registry, for a person, a program, and the pipeline that a pull request runs in."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli.account import now_here, require_registry
from fleet.databases import Registry
from fleet.quarantine import remark_on_quarantines
from onboarding.findings import Finding
from onboarding.name_ledger import NAMES_FILE
from onboarding.reader import read_or_find_wrong


@dataclass(frozen=True)
class Annotations:
    """How a pipeline is made to show a text beside the line of a file. *variable*: of the pipeline's environment.

    *escapes*: characters that end such a line or a part of it, and what is written for them.
    """

    variable: str
    with_line: str
    without: str
    escapes: Mapping[str, str]

    def annotate(self, finding: Finding) -> str:
        """The line for *finding*."""
        form = self.with_line if finding.line else self.without
        text = finding.text if finding.line else f"{finding.where}: {finding.text}"
        for character, written in self.escapes.items():
            text = text.replace(character, written)
        return form.format(file=finding.where, line=finding.line, text=text)


# Sources: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
# https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands (documented; known in 2026-11).
_BREAKS = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PIPELINES = (
    Annotations("GITHUB_ACTIONS", "::error file={file},line={line}::{text}", "::error::{text}", _BREAKS),
    Annotations(
        "TF_BUILD",
        "##vso[task.logissue type=error;sourcepath={file};linenumber={line}]{text}",
        "##vso[task.logissue type=error]{text}",
        {**_BREAKS, "%": "%AZP25"},
    ),
)


def check_registry(folder: Path, *, as_json: bool) -> int:
    """Say what is wrong with the registry in *folder*, with the flags of the environment in force; the exit code.

    A remark is no finding: what is right today must not be refused tomorrow, because a day has come.
    """
    require_registry(folder)
    found = read_or_find_wrong(folder, os.environ, wants_names=True)
    findings = () if isinstance(found, Registry) else found
    remarks = remark_on_quarantines(found.databases, now_here()) if isinstance(found, Registry) else ()
    if as_json:
        wrong = [{"file": one.where, "line": one.line, "text": one.text} for one in findings]
        document = {"findings": wrong, "remarks": remarks, "is_right": not findings}
        click.echo(json.dumps(document, ensure_ascii=False))
    elif isinstance(found, Registry):
        click.echo(
            f"{folder}: {_count(len(found.databases), 'database')} on {_count(len(found.servers), 'server')}, "
            f"{sum(one.onboarded for one in found.databases):,} onboarded. Nothing is to be mended."
        )
        if not (folder / NAMES_FILE).exists():
            remedy = "`fleet onboard` writes it: commit it."
            click.echo(
                f"No {NAMES_FILE} yet, which keeps an id from being given to another database. {remedy}", err=True
            )
        for remark in remarks:
            click.echo(f"Remark: {remark}")
    else:
        _print(findings)
    return 1 if findings else 0


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _print(findings: Sequence[Finding]) -> None:
    for one in findings:
        click.echo(str(one))
    click.echo(f"\nTo be mended: {len(findings):,}.")
    for pipeline in PIPELINES:
        if os.environ.get(pipeline.variable, "").lower() == "true":
            for one in findings:
                click.echo(pipeline.annotate(one))
