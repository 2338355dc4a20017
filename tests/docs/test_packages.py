"""What is installed is all that there is: pyproject.toml names every package."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_package_is_named() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    houses = {name.partition(".")[0] for name in named}
    folders = [file.parent.relative_to(ROOT) for house in houses for file in (ROOT / house).rglob("__init__.py")]
    found = {".".join(folder.parts) for folder in folders if "tests" not in folder.parts}
    assert sorted(found) == sorted(named)
