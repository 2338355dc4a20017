"""What a class of replication instances has: processors and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SOURCE = "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_ReplicationInstance.Types.html"
CHECKED_ON = "2026-11-30"


@dataclass(frozen=True)
class InstanceClass:
    """*processors*: vCPUs."""

    processors: int
    memory_gigabytes: float

    @property
    def memory_bytes(self) -> int:
        """All of its memory."""
        return int(self.memory_gigabytes * 1024**3)


_PROCESSORS: Mapping[str, int] = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "9xlarge": 36,
    "12xlarge": 48,
    "16xlarge": 64,
    "18xlarge": 72,
    "24xlarge": 96,
    "32xlarge": 128,
    "48xlarge": 192,
}
_C5 = ("large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "12xlarge", "18xlarge", "24xlarge")
_C6I = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "32xlarge")
_C7I = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge", "48xlarge")
_R5 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
_FAMILIES: Mapping[str, tuple[int, tuple[str, ...]]] = {
    # GB of memory for each processor, and the sizes. The page writes c7i from 2xlarge on as "x7i": assumed a slip.
    "dms.c5": (2, _C5),
    "dms.c6i": (2, _C6I),
    "dms.c7i": (2, _C7I),
    "dms.r5": (8, _R5),
    "dms.r6i": (8, (*_R5, "32xlarge")),
    "dms.r7i": (8, (*_R5, "48xlarge")),
}
_SMALL: Mapping[str, InstanceClass] = {
    f"dms.t3.{size}": InstanceClass(2, gigabytes)
    for size, gigabytes in (("micro", 1), ("small", 2), ("medium", 4), ("large", 8))
}
INSTANCE_CLASSES: Mapping[str, InstanceClass] = {
    **_SMALL,
    **{
        f"{family}.{size}": InstanceClass(_PROCESSORS[size], _PROCESSORS[size] * per_processor)
        for family, (per_processor, sizes) in _FAMILIES.items()
        for size in sizes
    },
}
"""Source: `SOURCE`, read on `CHECKED_ON`. A class that AWS adds is missing here until someone reads that page again."""
