"""A run as a whole, after it closed: what the report and the page of the night are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.databases import Mode
from fleet.outcomes import HEALED_BY_A_COPY, JOINED, Outcome, is_red
from fleet.plan import Lane, Length


@dataclass(frozen=True)
class RunReport:
    """One run. *rerun_of*: the run whose failures it repeats, or None. Times are ISO, UTC.

    *chosen*: the databases that the run answers for. *onboarded*: how many the registry's version has onboarded.
    *copied_elsewhere*: databases that this run could not get at, and that another copied whole in the meantime, with
    its words. *length*: how long the plan expected it to take, and by what. *owners*, *notes*: of databases that have
    some in the registry.
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
    owners: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Databases by outcome."""
        return dict(Counter(outcome.outcome for outcome in self.outcomes))

    @property
    def silent(self) -> tuple[str, ...]:
        """The databases that the run answers for and that left no outcome."""
        ended = {outcome.database for outcome in self.outcomes}
        return tuple(database for database in self.chosen if database not in ended)

    @property
    def is_green(self) -> bool:
        """Whether the run has databases, and each of them ended well."""
        return bool(self.outcomes) and not self.silent and not any(map(self.is_red, self.outcomes))

    def is_red(self, outcome: Outcome) -> bool:
        """Whether *outcome* makes the run red: not where another run's copy is as new as ours would have been, nor
        where another run has taken our delta over, whose own outcome it is then."""
        name = outcome.failure.name if outcome.failure is not None else ""
        is_healed = name == JOINED or (name in HEALED_BY_A_COPY and outcome.database in self.copied_elsewhere)
        return is_red(outcome.outcome) and not (outcome.outcome == "skipped" and is_healed)
