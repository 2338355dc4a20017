"""A run as a whole, after it closed: what the report and the page of the night are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.databases import Mode
from fleet.outcomes import HEALED_BY_A_COPY, Outcome, is_red
from fleet.plan import Lane, Length


@dataclass(frozen=True)
class RunReport:
    """One run. *rerun_of*: the run whose failures it repeats, or None. Times are ISO, UTC.

    *chosen*: the databases that the run answers for. *onboarded*: how many the registry's version has onboarded.
    *copied_elsewhere*: databases that this run could not get at, and that another copied whole in the meantime, with
    its words. *length*: how long the plan expected it to take, and by what.
    """

    run: str
    mode: Mode
    registry_version: str
    planned_at: str
    closed_at: str
    rerun_of: str | None
    lanes: tuple[Lane, ...]
    chosen: tuple[str, ...]
    onboarded: int
    outcomes: tuple[Outcome, ...]
    copied_elsewhere: Mapping[str, str] = field(default_factory=dict)
    length: Length | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Databases by outcome."""
        return dict(Counter(outcome.outcome for outcome in self.outcomes))

    @property
    def silent(self) -> tuple[str, ...]:
        """The databases that the run answers for and that left no outcome."""
        ended = {outcome.database for outcome in self.outcomes}
        return tuple(database for database in self.chosen if database not in ended)

    def is_red(self, outcome: Outcome) -> bool:
        """Whether *outcome* makes the run red: not where another run's copy is as new as ours would have been."""
        was_not_let = outcome.failure is not None and outcome.failure.name in HEALED_BY_A_COPY
        is_healed = outcome.outcome == "skipped" and was_not_let and outcome.database in self.copied_elsewhere
        return is_red(outcome.outcome) and not is_healed
