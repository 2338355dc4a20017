"""The files of the repository, found without git: a fresh machine may have none, and an archive has no history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MADE = frozenset({"build", "cloud", "demo", "cdktf.out", "node_modules", "__pycache__"})
"""Folders that the project's own commands and tools make."""


def own_files(*suffixes: str) -> Iterator[Path]:
    """The files that end in one of *suffixes*, but for what lies in hidden folders or was made."""
    yield from _below(ROOT, suffixes)


def _below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if not path.name.startswith(".") and path.name not in _MADE and path.suffix != ".egg-info":
                yield from _below(path, suffixes)
        elif path.suffix in suffixes:
            yield path
