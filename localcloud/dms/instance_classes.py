"""The classes of replication instances, their memory and storage, and the engine versions that run on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.aws import REGION
from localcloud.quotas import DMS_INSTANCE_STORAGE_GIGABYTES

# GiB of memory by class. Source: AWS DMS user guide, "Replication instance types"
# (https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.Types.html; docs/facts/dms.md 1.4).
_SIZES: Mapping[str, Mapping[str, float]] = {
    "dms.t2": {"micro": 1, "small": 2, "medium": 4, "large": 8},
    "dms.t3": {"micro": 1, "small": 2, "medium": 4, "large": 8},
    "dms.c4": {"large": 3.75, "xlarge": 7.5, "2xlarge": 15, "4xlarge": 30},
    "dms.c5": {
        "large": 4,
        "xlarge": 8,
        "2xlarge": 16,
        "4xlarge": 32,
        "9xlarge": 72,
        "12xlarge": 96,
        "18xlarge": 144,
        "24xlarge": 192,
    },
    "dms.c6i": {
        "large": 4,
        "xlarge": 8,
        "2xlarge": 16,
        "4xlarge": 32,
        "8xlarge": 64,
        "12xlarge": 96,
        "16xlarge": 128,
        "24xlarge": 192,
        "32xlarge": 256,
    },
    "dms.r4": {"large": 15.25, "xlarge": 30.5, "2xlarge": 61, "4xlarge": 122, "8xlarge": 244},
    "dms.r5": {
        "large": 16,
        "xlarge": 32,
        "2xlarge": 64,
        "4xlarge": 128,
        "8xlarge": 256,
        "12xlarge": 384,
        "16xlarge": 512,
        "24xlarge": 768,
    },
    "dms.r6i": {
        "large": 16,
        "xlarge": 32,
        "2xlarge": 64,
        "4xlarge": 128,
        "8xlarge": 256,
        "12xlarge": 384,
        "16xlarge": 512,
        "24xlarge": 768,
        "32xlarge": 1_024,
    },
}
MEMORY_GIB: Mapping[str, float] = {
    f"{family}.{size}": gib for family, sizes in _SIZES.items() for size, gib in sizes.items()
}
# Versions of the replication engine, newest last. Which ones a Region offers changes; these are assumed.
ENGINE_VERSIONS = ("3.5.1", "3.5.2", "3.5.3", "3.5.4", "3.6.1")
# Source: `aws dms describe-orderable-replication-instances`, the sample in the CLI reference (observed).
STORAGE_GB = (5, DMS_INSTANCE_STORAGE_GIGABYTES.value)


def default_storage_gb(name: str) -> int:
    """GB of storage of an instance of class *name* that asks for none.

    Source: 50 for the burstable classes, 100 for the others (docs/facts/dms.md 1.4).
    """
    return 50 if name.startswith(("dms.t2.", "dms.t3.")) else 100


def memory_bytes(name: str) -> int:
    """The memory of an instance of class *name*."""
    return int(MEMORY_GIB[name] * 1024**3)


def orderable() -> Iterator[dict[str, Any]]:
    """Every class with every engine version, as DescribeOrderableReplicationInstances shows it."""
    for version in reversed(ENGINE_VERSIONS):
        for name in MEMORY_GIB:
            yield {
                "EngineVersion": version,
                "ReplicationInstanceClass": name,
                "StorageType": "gp2",
                "MinAllocatedStorage": STORAGE_GB[0],
                "MaxAllocatedStorage": STORAGE_GB[1],
                "DefaultAllocatedStorage": default_storage_gb(name),
                "IncludedAllocatedStorage": default_storage_gb(name),
                "AvailabilityZones": [f"{REGION}{letter}" for letter in "abc"],
                "ReleaseStatus": "prod",
            }
