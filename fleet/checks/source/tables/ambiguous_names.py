"""Which names, read as a pattern, match another relation."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, note
from fleet.dms.mappings import find_locators
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """Their wildcards go to DMS in brackets. A schema that is always escaped for an engine is not among them."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    locators = find_locators(look.moved, look.account.names, look.engine)
    escaped = [f"{name} as {locator}" for name, (_, locator) in locators.items() if locator != name.table]
    return note("no name matches another relation", escaped, "relations")


CHECK = Check(
    "SRC-AMBIGUOUS-NAMES",
    "DMS reads `_` and `%` in names as wildcards. Such a name goes to it in brackets, which AWS does not vouch for on "
    "every engine.",
    "Look at the first run's tables; where more or fewer came than were asked for, rename one of them.",
    "https://docs.aws.amazon.com/dms/latest/userguide/"
    "CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation.Wildcards.html",
    judge,
)
