"""Stacks as synthesised, read as JSON. One process writes all variants: loading the bindings takes its time once."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fleet.databases import Registry
from onboarding.effective import read_effective

ROOT = Path(__file__).parents[2]
Block = dict[str, Any]
LEFT_BY_TERRAFORM = ("instance-gone.tfstate", ".terraform.lock.hcl")
"""What is beside a stack that was applied before."""

_PROGRAM = """
import json, sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from onboarding.reader import read_registry
from orchestration.stack import synthesise
for one in json.loads(sys.stdin.read()):
    registry = read_registry(Path(one["registry"]), one["flags"])
    synthesise(registry, Path(one["output"]), Path(one["package"]), one["left"])
"""


@dataclass(frozen=True)
class Variant:
    """One synthesis. *flags*: of the pipeline's environment. *left*: stacks of instances that a state still holds."""

    registry: str
    output: str
    package: str
    flags: Mapping[str, str]
    left: tuple[str, ...] = ()


def write_all(variants: list[Variant]) -> None:
    """Synthesise each, in one process of its own."""
    subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", _PROGRAM.format(root=str(ROOT))],
        input=json.dumps([asdict(one) for one in variants]),
        text=True,
        check=True,
        cwd=ROOT,
    )


def write_package(file: Path) -> Path:
    """A package of no functions, the same bytes wherever it is written."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("empty.py", (1980, 1, 1, 0, 0, 0)), "")
    return file


class Stack:
    """One stack's `cdk.tf.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self.text = (folder / "cdk.tf.json").read_text(encoding="utf-8")

    @cached_property
    def document(self) -> Block:
        return json.loads(self.text)

    @cached_property
    def resources(self) -> dict[str, Block]:
        """Every resource by its address."""
        kinds = self.document.get("resource", {})
        return {f"{kind}.{name}": body for kind, blocks in kinds.items() for name, body in blocks.items()}

    def of(self, kind: str) -> dict[str, Block]:
        """The resources of one type by logical id."""
        return self.document.get("resource", {}).get(kind, {})


class Stacks:
    """All stacks of one synthesis, in the order in which they are applied."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = sorted(one.name for one in (folder / "stacks").iterdir())
        # As it happens, the alphabet's order is the order of application.
        self.all = {name: Stack(folder / "stacks" / name) for name in names}

    def __getitem__(self, name: str) -> Stack:
        return self.all[name]

    @property
    def registry(self) -> Registry:
        """The effective registry that the pipeline puts into the control bucket."""
        put = self["pipeline"].of("aws_s3_object")["registry"]["source"]
        return read_effective((self["pipeline"].folder / Path(put).name).read_text(encoding="utf-8"))

    def of(self, kind: str) -> Iterator[tuple[str, Block]]:
        """The resources of one type in all stacks, by stack and logical id."""
        for stack in self.all.values():
            for name, body in stack.of(kind).items():
                yield f"{stack.name}/{name}", body


def policies(stacks: Stacks) -> Iterator[tuple[str, Block]]:
    """Every statement of every policy of a role, with where it is."""
    for where, body in stacks.of("aws_iam_role_policy"):
        for statement in json.loads(body["policy"])["Statement"]:
            yield f"{where}: {statement['Sid']}", statement


def as_list(value: Any) -> list[Any]:
    """IAM's one-or-many as many."""
    return value if isinstance(value, list) else [value]
