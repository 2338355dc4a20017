"""What cannot be deployed, said before anything is written: what is missing, or which quota is too small."""

from __future__ import annotations

import json
from collections.abc import Iterable

from fleet.databases import Registry, Server, Settings
from fleet.errors import MalformedSettingError
from fleet.quota_use import require_quota, require_size
from fleet.quotas import DMS_STORAGE_GIGABYTES, IAM_ROLE_POLICY_CHARACTERS
from orchestration.function_roles import may


def refuse_undeployable(registry: Registry) -> None:
    """Refuse a registry of which no stack can be made.

    Raises:
        MalformedSettingError: The settings do not say where the network is.
        QuotaExceededError: Which quota, by how much, what to do.
    """
    network = registry.settings.stack.network
    if not network.vpc and not network.cidr:
        raise MalformedSettingError(
            "settings.yaml does not say where replication instances stand.",
            remedy="Write `stack: {network: ...}`: an existing VPC, or addresses and zones of one to make.",
        )
    onboarded = [database for database in registry.databases if database.onboarded]
    require_size(onboarded, registry.settings.limits)
    instances = sorted({database.instance for database in onboarded})
    storage = sum(storage_gigabytes(registry.settings, name) for name in instances)
    require_quota(
        DMS_STORAGE_GIGABYTES,
        storage,
        "the fleet",
        "Give instances less in stack.replication, or divide it into cells.",
    )
    arns = secret_arns(registry.settings, registry.servers)
    policy = json.dumps(may(registry.settings, "AskSource", arns, registry.servers))
    require_quota(
        IAM_ROLE_POLICY_CHARACTERS,
        len("".join(policy.split())),
        "the role of AskSource, which names the secret of each server,",
        f"It has {len(registry.servers)} servers: divide the fleet into cells (docs/design.md 10).",
    )


def storage_gigabytes(settings: Settings, instance: str) -> int:
    """The disk of the replication instance that databases name *instance*."""
    wanted = settings.stack.replication
    sizes = {size.id: size.storage_gigabytes for size in wanted.sizes}
    return sizes.get(instance, wanted.storage_gigabytes)


def secret_arns(settings: Settings, servers: Iterable[Server]) -> list[str]:
    """As long as the ARNs of the servers' secrets will be: Secrets Manager ends a name with six characters of its own.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html (documented).
    """
    place = f"arn:aws:secretsmanager:{settings.region}:{settings.account}:secret:"
    return [one.secret if one.secret.startswith("arn:") else f"{place}{one.secret}-??????" for one in servers]
