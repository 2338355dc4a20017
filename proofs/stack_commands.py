"""`fleet deploy` and `fleet destroy` as a person types them, with the real Terraform, against a local cloud."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.terraform import Installed
from proofs.stack_account import FLEET, Account, NotProvenError


@dataclass(frozen=True)
class Operator:
    """Who deploys *registry* to *account*, with the stacks in *folder*. The plans shown stand in `deploy.log` there."""

    registry: Path
    folder: Path
    account: Account
    installed: Installed

    def deploy(self, *only: str) -> list[dict[str, Any]]:
        """Plan and apply the stacks *only*, all without; what came of each."""
        chosen = [word for stack in only for word in ("--stack", stack)]
        return self._fleet(["deploy", "--yes", *chosen], {"applied", "unchanged"})

    def require_no_change(self) -> None:
        """Raises NotProvenError where a plan of some stack would change something."""
        self._fleet(["deploy", "--plan-only"], {"unchanged"})

    def destroy(self) -> list[dict[str, Any]]:
        """Take all stacks away, the foundation included; what came of each."""
        return self._fleet(["destroy", "--yes"], {"applied", "unchanged"})

    def _fleet(self, arguments: list[str], fine: set[str]) -> list[dict[str, Any]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        places = ["--registry", str(self.registry), "--output", str(self.folder), "--json"]
        # The account's alone: a profile or an endpoint of the user's would lead to another one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        environment |= self.account.environment
        environment["TF_CLI_CONFIG_FILE"] = str(self.installed.write_configuration(self.folder))
        log_file = self.folder / "deploy.log"
        with log_file.open("a", encoding="utf-8") as log:
            done = subprocess.run(
                [FLEET, *arguments, *places],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                check=False,
            )
        stacks = json.loads(done.stdout or '{"stacks": []}')["stacks"]
        states = {one["stack"]: one["state"] for one in stacks}
        if done.returncode or not states or not set(states.values()) <= fine:
            raise NotProvenError(f"fleet {' '.join(arguments)} ended with {done.returncode}: {states}; see {log_file}.")
        return stacks


def count(stacks: list[dict[str, Any]], action: str) -> int:
    """How many resources the plans of *stacks* did *action* to."""
    return sum(action in change["actions"] for one in stacks for change in one["changes"])
