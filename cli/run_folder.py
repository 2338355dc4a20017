"""The folder that a run on this machine leaves behind, which the next one may clear."""

from __future__ import annotations

import fcntl
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from fleet.databases import Registry
from fleet.errors import MalformedInputError
from local.own_folder import require_own

FULL_PAGE, DELTA_PAGE = "report.html", "report-delta.html"
_MADE_ANEW = ("landing", "warehouse", "registry", "handlers.jsonl", "report.json", FULL_PAGE, DELTA_PAGE)
_QUERY = "SELECT * FROM OPS.APPLIED ORDER BY ROW_COUNT DESC LIMIT 10"


@dataclass(frozen=True)
class RunFolder:
    """How a folder is known as that of *command*: by a file named *mark* in it."""

    command: str
    mark: str

    def require_own(self, folder: Path) -> None:
        """Mark *folder* as the command's.

        Raises:
            MalformedInputError: It holds something that the command did not make.
        """
        require_own(folder, self.command, self.mark)

    @contextmanager
    def held(self, folder: Path) -> Iterator[None]:
        """Mark *folder* as the command's, and keep every other process from running in it meanwhile.

        Raises:
            MalformedInputError: It holds something that the command did not make, or another process runs there.
        """
        self.require_own(folder)
        with (folder / self.mark).open("r", encoding="utf-8") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MalformedInputError(
                    f"another `{self.command}` is running in {folder}.",
                    remedy="Wait for its end, or name another folder with --folder.",
                ) from None
            yield

    def clear(self, folder: Path) -> str:
        """Remove what the last run in *folder* left, and nothing else; what was found, in words."""
        found = [path for path in (folder / name for name in _MADE_ANEW) if path.exists()]
        was_whole = (folder / "report.json").exists()
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        if not found:
            return ""
        return "Cleared the last run here." if was_whole else "The last run here was broken off; starting clean."


def warehouse_file(folder: Path, registry: Registry) -> Path:
    """The file that the stand-in for Snowflake leaves."""
    return folder / "warehouse" / f"{registry.settings.snowflake.database}.duckdb"


def query_line(folder: Path, registry: Registry) -> str:
    """A line for a shell that asks the warehouse which tables it has."""
    connection = f"duckdb.connect('{warehouse_file(folder, registry)}', read_only=True)"
    return f"""{quote(sys.executable)} -c "import duckdb; print({connection}.sql('{_QUERY}'))\""""
