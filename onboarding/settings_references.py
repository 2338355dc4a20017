"""What settings say about each other, and about the databases: contradictions between values that are right alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fleet.blackouts import Blackout, next_start
from fleet.databases import Database, Limits, Server, Settings
from fleet.errors import DuplicateNameError
from fleet.names import control_bucket
from fleet.spelling import did_you_mean, list_some
from fleet.stack_settings import Network, StackSettings
from fleet.waits import longest_attempt_seconds
from onboarding.fields import Entry
from onboarding.rules import LONGEST_EXECUTION_SECONDS
from onboarding.schedules import meets, read_window, season_starts, weekly_starts

Note = Callable[..., None]


def note_settings(
    entry: Entry[Settings], servers: Sequence[Entry[Server]], databases: Sequence[Entry[Database]]
) -> None:
    """All of them. What was refused already is not looked at again."""
    fields = entry.fields

    def note(way: tuple[str | int, ...], text: str, kind: Any = None) -> None:
        entry.note(way, f": {text}", *([kind] if kind else []))

    limits: Limits | None = fields.get("limits")
    if limits is not None:
        _note_limits(limits, note)
    if {"prefix", "account", "landing_bucket"} <= fields.keys():
        control = control_bucket(fields["prefix"], fields["account"])
        if fields["landing_bucket"] == control:
            note(("landing_bucket",), f"`landing_bucket` is {control!r}, which is the control bucket. Choose another.")
    stack: StackSettings | None = fields.get("stack")
    if stack is None:
        return
    if ("stack", "network") in entry.places:
        _note_network(stack.network, str(fields.get("region", "")), note)
    _note_twins("emails", stack.emails, note)
    _note_twins("network.make_endpoints", stack.network.make_endpoints, note)
    _note_twins("tags", [tag.key for tag in stack.tags], note)
    _note_twins("nights", [night.name for night in stack.nights], note)
    _note_twins("replication.sizes", [size.id for size in stack.replication.sizes], note)
    trust = stack.snowflake_trust
    if bool(trust.user_arn) != bool(trust.external_id):
        lacks = "external_id" if trust.user_arn else "user_arn"
        note(
            ("stack", "snowflake_trust"),
            f"`stack.snowflake_trust` lacks `{lacks}`. A role is made for both or for neither.",
        )
    for place, night in enumerate(stack.nights):
        if night.sweep and night.mode != "delta":
            note(
                ("stack", "nights", place, "sweep"),
                f"night {night.name!r} is of mode {night.mode!r} and has `sweep: true`. A full load brings all rows "
                f"anew: leave `sweep` out, or give it `mode: delta`.",
            )
        if not night.tags and (way := ("stack", "nights", place, "tags")) in entry.places:
            note(
                way, f"night {night.name!r} has `tags` that name none. Name one, or leave `tags` out for all databases."
            )
    if limits is not None:
        _note_maintenance(stack, limits, note)
        if any(one.fields.get("deltas") for one in databases):
            _note_retention(stack, limits, note)
    if all(one.complete for one in databases):
        _note_unknown(stack, [one.fields for one in databases], note)
        if all(one.complete for one in servers):
            blackouts = {one.fields["id"]: one.fields["blackouts"] for one in servers}
            _note_blackouts(stack, blackouts, [one.fields for one in databases], note)


def _note_limits(limits: Limits, note: Note) -> None:
    if limits.stuck_seconds > limits.task_deadline_seconds:
        note(
            ("limits", "stuck_seconds"),
            f"`limits.stuck_seconds` is {limits.stuck_seconds}, more than `task_deadline_seconds`, so that no task "
            f"would ever be stuck. Wanted at most {limits.task_deadline_seconds}.",
        )
    whole = longest_attempt_seconds(limits)
    if whole > LONGEST_EXECUTION_SECONDS:
        note(
            ("limits", "task_deadline_seconds"),
            f"`limits`: the waits of one database may take {whole:,} s together, wanted {LONGEST_EXECUTION_SECONDS:,} "
            f"at most: an execution ends after 12 hours. Shorten `task_deadline_seconds` or another limit.",
        )


def _note_network(network: Network, region: str, note: Note) -> None:
    def of_network(key: str, text: str) -> None:
        note(("stack", "network", key), f"`stack.network.{key}` {text}")

    if network.vpc:
        if len(set(network.subnets)) < 2:
            of_network("subnets", "names fewer than two subnets of the VPC. DMS wants two, in two zones.")
        if "s3" in network.make_endpoints and not network.route_tables:
            text = "names none, and the endpoint of S3 is entered into one. Name the subnets', or leave `s3` out of"
            of_network("route_tables", f"{text} `make_endpoints` where the VPC has that endpoint.")
        for key in ("cidr", "zones"):
            if getattr(network, key):
                of_network(key, "is for a network that is made, and `vpc` names one that exists. Keep one of them.")
        return
    for key in ("subnets", "route_tables"):
        if getattr(network, key):
            of_network(key, "is of an existing VPC. Name it: `vpc: vpc-...`.")
    if not network.cidr:
        of_network("cidr", "is missing, and so is `vpc`. Name an existing VPC, or give the new one its addresses.")
    if len(set(network.zones)) < 2:
        of_network("zones", "names fewer than two zones. DMS wants subnets in two.")
    if len(network.zones) > 4 or len(set(network.zones)) < len(network.zones):
        of_network("zones", "names more than four zones, or one twice. Each gets a quarter of the network.")
    for zone in network.zones:
        if region and zone[:-1] != region:
            of_network("zones", f"names {zone!r}, which is not in {region!r}. Mend one of them.")


def _note_twins(name: str, values: Iterable[str], note: Note) -> None:
    seen: set[str] = set()
    for place, value in enumerate(values):
        if value in seen:
            way = ("stack", *name.split("."), place)
            note(way, f"`stack.{name}` names {value!r} for the second time. Keep one.", DuplicateNameError)
        seen.add(value)


def _note_maintenance(stack: StackSettings, limits: Limits, note: Note) -> None:
    """DMS restarts an instance in its window: a night that goes on there would lose its tasks."""
    window = read_window(stack.replication.maintenance_window)
    if window is None:
        return
    for place, night in enumerate(stack.nights):
        minutes = limits.task_deadline_seconds // 60 + night.flexible_minutes
        if meets(window, weekly_starts(night.expression, night.time_zone), minutes):
            written = ("stack", "replication", "maintenance_window")
            note(
                ("stack", "nights", place, "expression"),
                f"night {night.name!r} may still go on in `stack.{'.'.join(written[1:])}` "
                f"({stack.replication.maintenance_window} UTC): a task may take {minutes} minutes. Move one of them.",
            )


def _note_blackouts(
    stack: StackSettings,
    blackouts: Mapping[str, tuple[Blackout, ...]],
    databases: Sequence[Mapping[str, Any]],
    note: Note,
) -> None:
    """A night in which nothing may start: each of its databases' servers is in one of its *blackouts*."""
    for place, night in enumerate(stack.nights):
        mine = {
            blackouts.get(one["server"], ())
            for one in databases
            if one["onboarded"]
            and (night.mode == "full" or one["deltas"])
            and (not night.tags or {*night.tags} & {*one["tags"]})
        }
        if not mine or () in mine:
            continue
        starts = season_starts(night.expression, night.time_zone)
        if at := next((at for at in starts if all(next_start(one, at, 0).at > at for one in mine)), None):
            windows = list_some(sorted({window.words for one in mine for window in one}), by="; ")
            note(
                ("stack", "nights", place, "expression"),
                f"night {night.name!r} starts at {at:%a %H:%M} UTC, when all servers of its databases are in a "
                f"blackout ({windows}). Start it after that, or shorten `blackouts` in servers.yaml.",
            )


def _note_retention(stack: StackSettings, limits: Limits, note: Note) -> None:
    """S3 deletes folders by their age, also those that no delta has brought to Snowflake yet."""
    kept, hours = stack.landing_retention_days, limits.delta_overdue_hours
    wanted = -(-2 * hours // 24)
    if kept < wanted:
        note(
            ("stack", "landing_retention_days"),
            f"`stack.landing_retention_days` is {kept}, and only after {hours} hours without a delta does anybody hear "
            "of it (`limits.delta_overdue_hours`). What waits in S3 for the next delta must outlive that twice: wanted "
            f"at least {wanted} days.",
        )


def _note_unknown(stack: StackSettings, databases: Sequence[Mapping[str, Any]], note: Note) -> None:
    instances = {one["instance"] for one in databases}
    for place, size in enumerate(stack.replication.sizes):
        if databases and size.id not in instances:
            note(
                ("stack", "replication", "sizes", place, "id"),
                f"`stack.replication.sizes[{place}]` is for {size.id!r}, which no database names. "
                f"{did_you_mean(size.id, instances)}",
            )
    tags = {tag for one in databases for tag in one["tags"]}
    for place, night in enumerate(stack.nights):
        for unknown in [tag for tag in night.tags if databases and tag not in tags]:
            text = f"night {night.name!r} is for databases with the tag {unknown!r}, and none has it."
            note(("stack", "nights", place, "tags"), f"{text} {did_you_mean(unknown, tags)}")
