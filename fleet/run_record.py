"""What the ledger keeps of one run: every field, its type, what it means and who writes it.

The attribute in DynamoDB has the field's name; `lambdas/clients/record_items.py` is the one place that converts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleet.databases import Mode


@dataclass(frozen=True)
class RunRecord:
    """One run's plan in short, and what came of it. Empty or None: not so far."""

    run: str
    mode: Mode | None = None
    """None where it took its mode from the run that it was to repeat, and another run had its slot."""
    execution: str = ""
    """ARN of its execution of fleet-run. Written by PlanRun, as all up to `superseded_by`."""
    registry_version: str = ""
    planned_at: datetime | None = None
    rerun_of: str = ""
    databases: tuple[str, ...] = ()
    """The chosen ones, those without a task included: CloseRun counts by them."""
    superseded_by: str = ""
    """The run that had taken the slot of the schedule before."""
    reruns: frozenset[str] = frozenset()
    """The runs that repeat its failures. Added to by their PlanRun."""
    closed_at: datetime | None = None
    """When its outcomes were counted. Written by CloseRun, taken away where the run is asked to end again."""
    stop_requested: str = ""
    """Why it was asked to end. Written by `fleet stop`."""
