"""Quotas that only the local DMS holds; those that the product plans with stand in `fleet/quotas.py`."""

from __future__ import annotations

from fleet.quotas import Quota

_LIMITS = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html"
_RELOAD = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.ReloadTables.html"

STORAGE_GB = Quota(30_000, "GB of storage of all replication instances in a Region", _LIMITS, "2026-11-21")
SUBNET_GROUPS = Quota(60, "replication subnet groups", _LIMITS, "2026-11-21")
SUBNETS_PER_GROUP = Quota(60, "subnets per replication subnet group", _LIMITS, "2026-11-21")
EVENT_SUBSCRIPTIONS = Quota(60, "event subscriptions", _LIMITS, "2026-11-21")
CERTIFICATES = Quota(100, "certificates", _LIMITS, "2026-11-21")
TABLES_PER_RELOAD = Quota(10, "tables per ReloadTables request", _RELOAD, "2026-11-21")
