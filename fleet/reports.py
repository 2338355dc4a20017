"""A run as a whole, after it closed: what the report and the page of the night are made from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from fleet.databases import Mode
from fleet.outcomes import Outcome
from fleet.plan import Lane


@dataclass(frozen=True)
class RunReport:
    """One run. *rerun_of*: the run whose failures it repeats, or None. Times are ISO, UTC."""

    run: str
    mode: Mode
    registry_version: str
    planned_at: str
    closed_at: str
    rerun_of: str | None
    lanes: tuple[Lane, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Databases by outcome."""
        return dict(Counter(outcome.outcome for outcome in self.outcomes))
