"""What a person sees while something takes its time: a night with its databases, or questions to many sources."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.night import DatabaseLook

_ROWS_SHOWN = 24
_LINE_EVERY_LOOKS = 5
LOOK_SECONDS = 1.0


def share_done(looks: Sequence[DatabaseLook]) -> float:
    """The share of the night that is done, each database counting alike."""
    return sum(look.share_done for look in looks) / len(looks) if looks else 0.0


class Progress:
    """A live table on a terminal; elsewhere a line for each database that ends, and one now and then for the night."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ended: set[str] = set()
        self._looks = 0
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, looks: Sequence[DatabaseLook], elapsed_seconds: float) -> None:
        """Show the night as it is, *elapsed_seconds* of real time after its start."""
        headline = _headline(looks, elapsed_seconds)
        if self._live:
            # The bar does not end its line; as the last thing shown it needs not.
            self._live.update(Group(_table(looks), Text(headline), _bar(looks)), refresh=True)
            return
        for look in looks:
            if look.status not in {"waiting", "RUNNING"} and look.database not in self._ended:
                self._ended.add(look.database)
                self._console.print(f"  {look.database} {look.status.lower()}")
        if self._looks % _LINE_EVERY_LOOKS == 0:
            self._console.print(headline)
        self._looks += 1


_LINE_EVERY_ANSWERS = 25


class CountProgress:
    """How many of *count* have answered: a line that is rewritten on a terminal; elsewhere one now and then.

    *what* is asked, in words. Of one alone nothing is said but on a terminal.
    """

    def __init__(self, console: Console, count: int, what: str) -> None:
        self._console = console
        self._count = count
        self._what = what
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> CountProgress:
        if self._live:
            self._live.start()
            self.hear(0)
        elif self._count > 1:
            self._console.print(f"Asking {self._what} ...")
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def hear(self, answered: int) -> None:
        """*answered* have answered."""
        if self._live:
            self._live.update(Text(f"Asking {self._what}: {answered:,} of {self._count:,}"), refresh=True)
        elif answered % _LINE_EVERY_ANSWERS == 0 and answered < self._count:
            self._console.print(f"  {answered:,} of {self._count:,} have answered")


def _headline(looks: Sequence[DatabaseLook], elapsed_seconds: float) -> str:
    ended = sum(look.status not in {"waiting", "RUNNING"} for look in looks)
    running = sum(look.status == "RUNNING" for look in looks)
    share = share_done(looks)
    left = f"about {elapsed_seconds * (1 - share) / share:.0f} s left" if share >= 0.1 else "too early to estimate"
    return (
        f"{ended} of {len(looks)} databases over, {running} running, {share:.0%} of the work, "
        f"{elapsed_seconds:.0f} s of this machine's time so far, {left}"
    )


def _bar(looks: Sequence[DatabaseLook]) -> ProgressBar:
    return ProgressBar(total=100, completed=share_done(looks) * 100, width=78)


def _table(looks: Sequence[DatabaseLook]) -> Table:
    """The databases under way first; with many, those that are over or wait are only counted in the headline."""
    order = sorted(looks, key=lambda look: (look.status != "RUNNING", look.status == "waiting", look.database))
    table = Table(box=None, pad_edge=False)
    for heading in ("database", "state", "tables", "on the run's clock"):
        table.add_column(heading, justify="left" if heading in {"database", "state"} else "right")
    for look in order[:_ROWS_SHOWN]:
        tables = f"{look.tables_loaded}/{look.tables}" if look.tables else ""
        seconds = f"{look.seconds:.0f} s" if look.status != "waiting" else ""
        table.add_row(look.database, look.state or look.status.lower(), tables, seconds)
    if len(order) > _ROWS_SHOWN:
        table.add_row(f"... and {len(order) - _ROWS_SHOWN} more", "", "", "")
    return table
