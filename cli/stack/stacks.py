"""The stacks of the fleet, planned and applied one after the other, and what came of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import Account
from cli.stack.guards import left_instances, open_runs, require_account, require_no_open_run
from fleet.databases import Registry
from fleet.errors import FleetError, MalformedInputError
from orchestration.terraform import (
    Commands,
    ResourceChange,
    TerraformFailedError,
    TerraformPlan,
    find_program,
    require_version,
)

FOUNDATION = "foundation"
LOCK = "terraform.lock.hcl"
"""Beside the registry: the providers that every deployment takes, as Terraform's own lock file has them."""

State = Literal["not begun", "unchanged", "to change", "waits", "applied", "declined", "failed", "half applied", "kept"]


class NotDeployedError(FleetError):
    """A stack could not be planned or applied; those after it were not begun."""


class StaleFoundationError(MalformedInputError):
    """The foundation in the account is not as the settings say, so that destroying it would go wrong."""


@dataclass(frozen=True)
class Step:
    """One stack and what came of it. *why*: in words, where it did not go as wanted."""

    stack: str
    state: State = "not begun"
    changes: tuple[ResourceChange, ...] = ()
    why: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def counts(self) -> str:
        """What the plan does, in words.

        >>> Step("foundation", changes=(ResourceChange("a.b", ("create",)),)).counts()
        '1 to create, 0 to change, 0 to destroy'
        """
        plan = TerraformPlan(self.changes, is_empty=False)
        create, change, destroy = plan.count("create"), plan.count("update"), plan.count("delete")
        return f"{create} to create, {change} to change, {destroy} to destroy"

    def as_document(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class Bench:
    """What a deployment works with. *client*: boto3's clients by service. *write_stacks* synthesises a registry into a
    folder, with an empty stack for each instance of the names it is given, and returns the stacks' names in order."""

    account: Account
    client: Callable[[str], Any]
    write_stacks: Callable[[Registry, Path, Collection[str]], Sequence[str]]
    environment: Mapping[str, str]


class Stacks:
    """The stacks of one registry in its account, synthesised to *folder*. *say* gets what happens, line by line.

    *lock*: where the providers' lock file is kept. *applies*: whether more is wanted than to look.

    Raises:
        WrongAccountError: The credentials are of another account.
        RunOpenError: A run is open; not where nothing is to be applied.
        TerraformMissingError: There is no Terraform, or one that is too old.
    """

    def __init__(
        self,
        bench: Bench,
        registry: Registry,
        folder: Path,
        *,
        lock: Path,
        applies: bool,
        say: Callable[[str], object],
    ) -> None:
        self._bench, self._folder, self._say, self._lock = bench, folder, say, lock
        self._settings = registry.settings
        require_account(bench.client("sts"), self._settings)
        if applies:
            require_no_open_run(bench.account)
        elif runs := open_runs(bench.account):
            say(f"{runs[0]} is open: an apply would be refused, and this plan asks DMS beside it.")
        self._program = find_program(bench.environment.get("PATH"))
        version = require_version(self._program, bench.environment)
        say(f"Terraform {version}, account {self._settings.account}, {self._settings.region}.")
        if not self._settings.stack.state_bucket:
            say(f"The states are files below {folder}: without `stack.state_bucket` they are on this machine alone.")
        gone = left_instances(bench.client("s3"), self._settings, folder)
        say("Synthesising ...")
        names = bench.write_stacks(registry, folder, gone)
        known = {f"instance-{database.instance}" for database in registry.databases}
        # What is only taken away comes first: a database that moved may be made elsewhere under the same names.
        self.names = [*(one for one in names if one in gone and one not in known)]
        self.names += [one for one in names if one not in self.names]
        self.steps: list[Step] = []

    def take(self, only: Sequence[str]) -> None:
        """Choose the stacks to work on, all if *only* is empty; none of them is begun.

        Raises:
            MalformedInputError: There is no such stack.
        """
        if unknown := [name for name in only if name not in self.names]:
            raise MalformedInputError(
                f"there is no stack {unknown[0]!r}.", remedy=f"The stacks are {', '.join(self.names)}."
            )
        self.steps = [Step(name) for name in self.names if not only or name in only]

    def plan(self) -> bool:
        """Plan each stack and apply none; whether anything would change.

        Raises:
            NotDeployedError: A stack cannot be planned, and not for want of one before it.
        """
        for number in range(len(self.steps)):
            waits_for = [one.stack for one in self.steps[:number] if one.state in {"to change", "waits"}]
            commands = self._begin(number)
            try:
                self._plan(number, commands)
            except TerraformFailedError as error:
                if not waits_for:
                    raise self._stop(number, "failed", error) from error
                # What it looks up in the account may be what a stack before it is yet to make.
                self._note(number, "waits", f"cannot be planned before {', '.join(waits_for)} is applied")
            finally:
                commands.forget_plan()
        return any(one.state in {"to change", "waits"} for one in self.steps)

    def apply(self, agree: Callable[[Step], bool], *, destroys: bool = False) -> bool:
        """Plan each stack, and apply exactly that plan if *agree* says so; whether all were.

        Raises:
            NotDeployedError: A stack failed, or a run was opened meanwhile.
        """
        for number in range(len(self.steps)):
            if self.steps[number].state == "kept":
                continue
            commands = self._begin(number)
            try:
                if not self._apply(number, commands, agree, destroys=destroys):
                    return False
            finally:
                commands.forget_plan()
        return True

    def _apply(self, number: int, commands: Commands, agree: Callable[[Step], bool], *, destroys: bool) -> bool:
        try:
            self._plan(number, commands, destroys=destroys)
            step = self.steps[number]
            if step.state == "to change":
                if not agree(step):
                    self._note(number, "declined")
                    return False
                require_no_open_run(self._bench.account)
        except (FleetError, ClientError, BotoCoreError) as error:
            raise self._stop(number, "failed", error) from error
        try:
            if step.state == "to change":
                commands.apply()
                self._note(number, "applied")
            if not destroys:
                self.steps[number] = replace(self.steps[number], outputs=commands.outputs())
        except FleetError as error:
            raise self._stop(number, "half applied", error) from error
        return True

    def prepare_to_destroy(self) -> None:
        """All stacks, the last first; the foundation is kept with the data, unless the settings give both up.

        Raises:
            StaleFoundationError: The settings give the data up, and the account does not know it yet.
        """
        self.take(())
        self.steps.reverse()
        keep = self._settings.stack.keep_data
        for number, step in enumerate(self.steps):
            if step.stack == FOUNDATION and keep:
                self.steps[number] = replace(step, state="kept", why="`stack.keep_data` is true")
            elif step.stack == FOUNDATION:
                self._require_fresh(number)

    def _require_fresh(self, number: int) -> None:
        """What protects buckets and ledger is in the account, not in the settings alone."""
        commands = self._begin(number)
        try:
            changes = commands.plan().changes
        finally:
            commands.forget_plan()
        if late := [one.address for one in changes if "update" in one.actions]:
            raise StaleFoundationError(
                f"the foundation in the account is not as the settings say ({', '.join(late[:3])}), so its buckets and "
                "ledger would refuse to go.",
                remedy=f"`fleet deploy --stack {FOUNDATION}` first.",
            )

    def _begin(self, number: int) -> Commands:
        """The stack's commands, its providers and state found."""
        stack = self.steps[number].stack
        self._say(f"\n== {stack}")
        folder = self._folder / "stacks" / stack
        commands = Commands(self._program, folder, self._bench.environment, self._say)
        kept = folder / f".{LOCK}"
        if self._lock.exists():
            shutil.copyfile(self._lock, kept)
        try:
            commands.init()
        except TerraformFailedError as error:
            raise self._stop(number, "failed", error) from error
        if kept.exists() and not self._lock.exists():
            shutil.copyfile(kept, self._lock)
            self._say(f"The providers' versions now stand in {self._lock}: commit it.")
        return commands

    def _plan(self, number: int, commands: Commands, *, destroys: bool = False) -> None:
        plan = commands.plan(destroys=destroys)
        state: State = "unchanged" if plan.is_empty else "to change"
        self.steps[number] = replace(self.steps[number], state=state, changes=plan.changes)

    def _note(self, number: int, state: State, why: str = "") -> None:
        self.steps[number] = replace(self.steps[number], state=state, why=why)

    def _stop(self, number: int, state: State, error: Exception) -> NotDeployedError:
        self._note(number, state, str(error))
        return NotDeployedError(f"{self.steps[number].stack}: {error}")
