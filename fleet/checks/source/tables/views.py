"""Whether each view that is moved can be read."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """Each is opened without reading a row. Nothing is said where no view is moved and none is broken."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    broken = [f"{one.name}: {one.barred}" for one in look.barred if one.barred_by == "broken"]
    views = [table for table in look.moved if table.is_view]
    if isinstance(look.facts, Failure):
        return say("", broken, "views") if broken else not_looked(look.facts) if views else None
    broken += [f"{one.name}: {one.why}" for one in look.facts.broken_views]
    return say(f"{len(views):,} can be opened", broken, "views") if views or broken else None


CHECK = Check(
    "SRC-VIEWS",
    "A view whose owner lost a right, or whose table or function is gone, fails in each run. No row is read: a view "
    "that errs on some of its rows alone is found by a run.",
    "Mend the view or drop it at the source, or leave it out with `exclude` in databases.yaml.",
    "https://docs.aws.amazon.com/dms/latest/userguide/"
    "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Selections.html",
    judge,
)
