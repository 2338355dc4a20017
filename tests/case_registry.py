"""Another registry for a local cloud of `cases`, as a deployment brings it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cases import Case
from fleet.databases import Registry
from fleet.names import CURRENT_REGISTRY
from onboarding.effective import effective_json


def enter(case: Case, **changed: Any) -> None:
    """Deploy the registry with *changed* in the database's entry."""
    if not changed:
        return
    registry = case.cloud.clients.records.current_registry()
    databases = tuple(replace(one, **changed) if one.id == case.id else one for one in registry.databases)
    deploy(case, replace(registry, databases=databases))


def deploy(case: Case, registry: Registry) -> None:
    """Make *registry* the one in force, as a deployment does."""
    body = effective_json(registry).encode()
    case.s3.put_object(Bucket=case.cloud.control_bucket, Key=CURRENT_REGISTRY, Body=body)
