"""Mutants: small changes that break the product, each of which some test must notice.

A mutant that no test notices is a hole in the tests. Where the code has moved on and a mutant's text is not there any
more, the mutant proves nothing and is reported as such; adapt it here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from fleet.errors import FleetError


class MutantNotFoundError(FleetError):
    """The text that a mutant replaces is not in its file, or more than once."""


@dataclass(frozen=True)
class Mutant:
    """*old*, which is in *file* exactly once, becomes *new*; one of *tests* (files or folders) must fail by that."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def change(self, text: str) -> str:
        """The *text* of its file, mutated.

        Raises:
            MutantNotFoundError: *old* is not in it, or more than once.
        """
        count = text.count(self.old)
        if count != 1:
            raise MutantNotFoundError(
                f"the mutant's text is {count} times in {self.file}, wanted once.",
                remedy="Adapt its entry in proofs/mutants.py.",
            )
        return text.replace(self.old, self.new)


_LEDGER = "tests/unit/lambdas/clients/test_ledger.py"

MUTANTS = (
    Mutant(
        "PointEndpoint ignores what it reads back",
        "lambdas/handlers/database_run/point_endpoint.py",
        "judge_target(opened.database.id, wanted, endpoint.s3)",
        "judge_target(opened.database.id, wanted, wanted)",
        ("tests/unit/lambdas/test_endpoint_read_back.py",),
    ),
    Mutant(
        "DMS moves more rows than the source holds",
        "localcloud/dms/loads/load.py",
        "files = self._source.write(table, layout, segment.within, folder)",
        "files = [file for again in ('', '-again') for file in "
        "self._source.write(table, layout, segment.within, folder.with_name(folder.name + again))]",
        ("localcloud/tests/dms/loads/test_dms_rows.py",),
    ),
    Mutant(
        "Reconcile ignores the rows that COPY parsed",
        "fleet/outcomes.py",
        "elif not table.rows == load.rows_parsed == load.rows_published + load.rows_repeated:",
        "elif not table.rows == load.rows_published + load.rows_repeated:",
        ("tests/unit/fleet/test_law_of_ok.py",),
    ),
    Mutant(
        "the guard in SQL takes more rows than DMS counted",
        "fleet/warehouse.py",
        "IFF(HELD = {sealed.rows} AND OWN = {sealed.rows}, ",
        "IFF(HELD >= {sealed.rows} AND OWN >= {sealed.rows}, ",
        ("tests/contract/snowflake/test_snowflake_guards.py",),
    ),
    Mutant(
        "the last failure of an attempt wins",
        "lambdas/clients/ledger.py",
        "SET failure = if_not_exists(failure, :failure)",
        "SET failure = :failure",
        (_LEDGER,),
    ),
    Mutant(
        "a claim is taken from any holder",
        "lambdas/clients/ledger.py",
        """\
        condition = "(attribute_not_exists(pk) OR #n = :before) AND "
        if previous_holder:
            condition += "holder = :previous"
            values[":previous"] = previous_holder
        else:
            condition += "attribute_not_exists(holder)"
""",
        """\
        condition = "(attribute_not_exists(pk) OR #n = :before)"
""",
        (_LEDGER,),
    ),
)


@contextmanager
def mutated(tree: Path, mutant: Mutant) -> Iterator[None]:
    """*tree* with *mutant* in it, and without it afterwards.

    Raises:
        MutantNotFoundError: There is nothing to mutate; *tree* is as it was.
    """
    file = tree / mutant.file
    original = file.read_text(encoding="utf-8") if file.exists() else ""
    changed = mutant.change(original)
    file.write_text(changed, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(original, encoding="utf-8")


def try_mutant(tree: Path, mutant: Mutant, pytest: Sequence[str], environment: Mapping[str, str]) -> Figure:
    """Whether a test kills *mutant*, and which one. *pytest*: the command that runs the tests of *tree*."""
    what = f"mutant: {mutant.name}"
    try:
        with mutated(tree, mutant):
            done = subprocess.run(
                [*pytest, "-q", "-x", "--tb=no", "--color=no", "-p", "no:cacheprovider", *mutant.tests],
                cwd=tree,
                # A compiled mutant must not outlive the mutant.
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
    except MutantNotFoundError as error:
        return what, str(error), False
    killer = re.search(r"^FAILED (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode == 1 and killer:
        return what, f"killed by {killer[1]}", True
    if done.returncode == 0:
        return what, f"SURVIVED all of {', '.join(mutant.tests)}", False
    said = (done.stdout + done.stderr).strip().splitlines()[-1:]
    return what, f"not decided: pytest ended with {done.returncode}: {' '.join(said)}", False


def try_mutants(
    tree: Path, mutants: Sequence[Mutant], pytest: Sequence[str], environment: Mapping[str, str]
) -> list[Figure]:
    """A figure for each of *mutants*, printed as it comes, and one for how many were killed."""
    figures: list[Figure] = []
    for mutant in mutants:
        what, value, is_killed = try_mutant(tree, mutant, pytest, environment)
        print(f"    {what}: {value}", flush=True)
        figures.append((what, value, is_killed))
    killed = sum(is_killed for *_, is_killed in figures)
    return [*figures, ("mutants killed", f"{killed} of {len(mutants)}", killed == len(mutants))]
