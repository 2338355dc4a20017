"""DMS's request limit, as AWS has it (docs/facts/dms.md 1.3)."""

from __future__ import annotations

from localcloud.quotas import DMS_API_BURST, DMS_API_PER_SECOND
from localcloud.throttling import Rate

AWS_RATE = Rate(DMS_API_BURST.value, DMS_API_PER_SECOND.value)
