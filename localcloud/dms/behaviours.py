"""What this stand-in for DMS does as AWS's does it, and what it refuses. `local/COVERAGE.md` comes of it."""

from __future__ import annotations

from localcloud.dms.behaviours_states import LIMITS, SETTINGS, STATES
from localcloud.dms.engines.behaviours import BEHAVIOURS as ENGINES
from localcloud.dms.files.behaviours import BEHAVIOURS as FILES
from localcloud.dms.requests.behaviours import OPERATIONS, PROTOCOL, REFUSALS
from localcloud.dms.rules.behaviours import BEHAVIOURS as RULES

BEHAVIOURS = (*OPERATIONS, *PROTOCOL, *STATES, *SETTINGS, *LIMITS, *ENGINES, *FILES, *RULES, *REFUSALS)
