"""What a field of the settings' section `stack` may hold, beyond its type. Data: one line a field."""

from __future__ import annotations

import re
from ipaddress import IPv4Network

from fleet.names import NIGHT_NAME_CHARACTERS
from fleet.quotas import DMS_INSTANCE_STORAGE_GIGABYTES
from fleet.stack_settings import (
    Functions,
    InstanceSize,
    Network,
    NightSchedule,
    Replication,
    StackSettings,
    Tag,
    Trust,
)
from onboarding.rules import ID, TEXT, ZONE, FieldRule, between, matching
from onboarding.schedules import fault_of, read_window

# Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html (documented).
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
# The minimal network is cut into four subnets, and a subnet has 16 addresses at least.
# Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html (documented).
_NARROWEST_NETWORK, _WIDEST_NETWORK = 26, 16


def _network(text: str) -> IPv4Network | None:
    try:
        return IPv4Network(text)
    except ValueError:
        return None


def _is_vpc_size(text: str) -> bool:
    network = _network(text)
    return network is not None and _WIDEST_NETWORK <= network.prefixlen <= _NARROWEST_NETWORK


def _id_of(kind: str, what: str) -> FieldRule:
    return matching(rf"{kind}-[0-9a-f]{{8,17}}", f"the id of a {what}, {kind}-...")


_INSTANCE_CLASS = matching(r"dms\.[a-z0-9]+\.[a-z0-9]+", "a class of replication instances, like dms.r6i.large")
_STORAGE = between(5, DMS_INSTANCE_STORAGE_GIGABYTES.value, "DMS takes no more for one instance.")

STACK_RULES: dict[tuple[type, str], FieldRule] = {
    (StackSettings, "state_bucket"): matching(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "3 to 63 lower-case letters, digits and hyphens", "A bucket has that name."
    ),
    (StackSettings, "emails"): matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address"),
    (StackSettings, "landing_retention_days"): between(
        14, 3650, "A failed run can be redriven for 14 days, and reads the files of its first attempt then."
    ),
    (Network, "vpc"): _id_of("vpc", "VPC"),
    (Network, "subnets"): _id_of("subnet", "subnet"),
    (Network, "route_tables"): _id_of("rtb", "route table"),
    (Network, "cidr"): FieldRule(
        _is_vpc_size, f"an IPv4 network of /{_WIDEST_NETWORK} to /{_NARROWEST_NETWORK}, like 10.90.0.0/24"
    ),
    (Network, "zones"): matching(r"[a-z]{2}(-[a-z]+)+-\d[a-z]", "an Availability Zone, like eu-central-1a"),
    (Network, "source_networks"): FieldRule(
        lambda text: _network(text) is not None, "an IPv4 network, like 10.0.0.0/8", "Its host bits are zero."
    ),
    (InstanceSize, "id"): ID,
    (InstanceSize, "instance_class"): _INSTANCE_CLASS,
    (InstanceSize, "storage_gigabytes"): _STORAGE,
    (Replication, "instance_class"): _INSTANCE_CLASS,
    (Replication, "storage_gigabytes"): _STORAGE,
    (Replication, "engine_version"): matching(r"\d+\.\d+\.\d+", "a version of DMS's engine, like 3.6.1"),
    (Replication, "maintenance_window"): FieldRule(
        lambda text: read_window(text) is not None,
        "ddd:hh:mm-ddd:hh:mm in UTC, 30 minutes at least, like sun:12:00-sun:13:00",
    ),
    (NightSchedule, "name"): FieldRule(
        lambda text: ID.accepts(text) and len(text) <= NIGHT_NAME_CHARACTERS and text != "sweep",
        f"an id of at most {NIGHT_NAME_CHARACTERS} characters, and not `sweep`",
        "It begins the names of its runs; the sweep is a schedule already.",
    ),
    (NightSchedule, "expression"): FieldRule(
        lambda text: not fault_of(text),
        "a schedule that EventBridge Scheduler takes, like cron(0 22 * * ? *)",
        explains=fault_of,
    ),
    (NightSchedule, "time_zone"): ZONE,
    (NightSchedule, "flexible_minutes"): between(0, 1440, "Scheduler takes no wider window."),
    (NightSchedule, "tags"): TEXT,
    (Functions, "memory_megabytes"): between(256, 10_240, "Lambda takes no more, and less is too slow to start."),
    (Functions, "log_retention_days"): FieldRule(
        lambda days: days in LOG_RETENTION_DAYS,
        f"one of {', '.join(map(str, LOG_RETENTION_DAYS))}",
        "CloudWatch Logs takes no other.",
    ),
    (Trust, "user_arn"): matching(
        r"arn:aws:iam::\d{12}:user/\S+", "the ARN of an IAM user", "DESC STORAGE INTEGRATION shows it."
    ),
    # Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (documented).
    (Trust, "external_id"): matching(r"[\w+=,.@:/-]{2,1224}", "2 to 1,224 letters, digits and +=,.@:/-_"),
    # Source: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html (documented).
    (Tag, "key"): FieldRule(
        lambda text: (
            re.fullmatch(r"[\w +=.:/@-]{1,128}", text) is not None
            and not text.lower().startswith("aws:")
            and text != "fleet"
        ),
        "1 to 128 letters, digits, blanks and +-=._:/@; not `fleet`, and not begun with aws:",
        "The tag `fleet` is what the functions' rights are limited by.",
    ),
    (Tag, "value"): matching(r"[\w +=.:/@-]{0,256}", "at most 256 letters, digits, blanks and +-=._:/@"),
}
