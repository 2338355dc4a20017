"""What all sessions share: the DuckDB instance, the definitions, the locks and the way to S3."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import weakref
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from localcloud.snowflake.definitions.catalogue import Catalogue
from localcloud.snowflake.loading.load_memory import LoadMemory
from localcloud.snowflake.loading.stages import Stages
from localcloud.snowflake.locks import Locks
from localcloud.snowflake.privileges import Privileges

TIMEZONE = "UTC"
"""Every session's, until it asks for another."""
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A checkpoint delays those who begin to write, and writes the place of every table: we say when (`checkpoint`).
    "checkpoint_threshold": "1GB",
    # To look for the best compression of a column costs more than to write it; the tables are small.
    "force_compression": "uncompressed",
    # Loads run side by side; several threads for each would cost more in waking one another than they bring.
    "threads": 1,
    # These optimizers cost more than they save in statements over a few hundred rows: a load took 8 % less without.
    # The others stay, because a person's own query over large tables would be slow without them.
    "disabled_optimizers": "common_subexpressions,common_subplan,compressed_materialization,expression_rewriter,"
    "join_filter_pushdown,regex_range,reorder_filter,statistics_propagation",
}


class Engine:
    """One Snowflake account's data. *path*: a folder (see `catalogue.py` for its files), or ":memory:"."""

    def __init__(
        self,
        path: str | Path | Literal[":memory:"],
        stages: Stages,
        *,
        iam_user_arn: str,
        now: Callable[[], datetime],
    ) -> None:
        folder = None if path == ":memory:" else Path(path)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.now = now
        self.connection = duckdb.connect(
            ":memory:" if folder is None else str(folder / "_account.duckdb"),
            config=_CONFIG,
        )
        self.connection.execute(f"SET GLOBAL TimeZone = '{TIMEZONE}'")
        self.catalogue = Catalogue(self.connection, folder)
        self.privileges = Privileges(self.catalogue.find_object("PRIVILEGES", ""))
        self.loads = LoadMemory()
        self.catalogue.read_loads(self.connection, self.loads)
        self.locks = Locks()
        self.stages = stages
        self.iam_user_arn = iam_user_arn
        self._scratch = Path(tempfile.mkdtemp(prefix="snowflake-"))
        self._clean = weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        self._files = itertools.count()

    def scratch_file(self) -> Path:
        """A file that nobody else has; the caller removes it."""
        return self._scratch / str(next(self._files))

    def checkpoint(self) -> bool:
        """Bring into the files what is committed; false, and nothing is brought, while others change definitions."""
        with self.connection.cursor() as cursor:
            try:
                self.catalogue.checkpoint(cursor)
            except duckdb.TransactionException:
                return False
        return True

    def finish(self) -> None:
        """Store the definitions and bring everything into the files: they are whole even if the process then ends
        without `close`, which also frees the memory of each table. Nothing may be under way.
        """
        self.catalogue.put_object(self.connection, "PRIVILEGES", "", self.privileges.kept())
        self.catalogue.store(self.connection, self.loads)
        self.catalogue.checkpoint(self.connection)
        self._clean()

    def close(self) -> None:
        """Finish and close the files, so that another process may open them."""
        self.finish()
        self.connection.close()
