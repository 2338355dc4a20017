"""What this stand-in for DMS does as AWS's does it, and what it refuses. `local/COVERAGE.md` comes of it."""

from __future__ import annotations

from local.dms import behaviours_files, behaviours_sources
from local.dms.behaviours_api import OPERATIONS, PROTOCOL, REFUSALS
from local.dms.behaviours_states import LIMITS, SETTINGS, STATES

BEHAVIOURS = (
    *OPERATIONS,
    *PROTOCOL,
    *STATES,
    *SETTINGS,
    *LIMITS,
    *behaviours_sources.BEHAVIOURS,
    *behaviours_files.BEHAVIOURS,
    *REFUSALS,
)
