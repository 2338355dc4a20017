"""What this stand-in for DMS does as AWS's does it, and what it refuses. `local/COVERAGE.md` comes of it."""

from __future__ import annotations

from local.dms.behaviours_states import LIMITS, SETTINGS, STATES
from local.dms.engines.behaviours import BEHAVIOURS as ENGINES
from local.dms.files.behaviours import BEHAVIOURS as FILES
from local.dms.requests.behaviours import OPERATIONS, PROTOCOL, REFUSALS
from local.dms.rules.behaviours import BEHAVIOURS as RULES

BEHAVIOURS = (*OPERATIONS, *PROTOCOL, *STATES, *SETTINGS, *LIMITS, *ENGINES, *FILES, *RULES, *REFUSALS)
