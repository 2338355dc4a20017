"""The folder of a command of ours, known by a file in it: nothing of anybody else's is ever cleared."""

from __future__ import annotations

from pathlib import Path

from fleet.errors import MalformedInputError


def require_own(folder: Path, command: str, mark: str) -> None:
    """Mark *folder*, made if it is not there, as that of *command* by the file *mark*.

    Raises:
        MalformedInputError: It holds something that the command did not make.
    """
    if folder.exists() and not folder.is_dir():
        raise MalformedInputError(f"{folder} is a file, wanted a folder.", remedy="Name another with --folder.")
    if folder.exists() and any(folder.iterdir()) and not (folder / mark).exists():
        raise MalformedInputError(
            f"{folder} is not empty, and no `{command}` made it.",
            remedy="Name another folder with --folder, or empty it.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / mark).write_text(f"`{command}` may delete what is in this folder.\n", encoding="utf-8")
