"""The section `stack` of the settings: what may stand there, and what contradicts what, by file and line."""

import re
from pathlib import Path

import pytest

from fleet.errors import RegistryError
from fleet.stack_settings import Network, NightSchedule, Tag
from onboarding.reader import read_registry
from registry_texts import SETTINGS

FIRST = len(SETTINGS.splitlines()) + 1
MADE = "  network: {cidr: 10.90.0.0/24, zones: [eu-central-1a, eu-central-1b]}\n"
FOUND = "{vpc: vpc-0123456789abcdef0, subnets: [subnet-0000000a, subnet-0000000b], route_tables: [rtb-0000000a]}"


def write(folder: Path, stack: str, more: str = "") -> None:
    (folder / "settings.yaml").write_text(f"{SETTINGS}stack:\n{stack}{more}", encoding="utf-8")
    (folder / "servers.yaml").write_text("- {id: one, engine: postgresql, secret: fleet/one}\n", encoding="utf-8")
    (folder / "databases.yaml").write_text(
        "- {id: shop, server: one, name_at_source: Shop, instance: big, schemas: [public], tags: [sales]}\n",
        encoding="utf-8",
    )


def findings(folder: Path, stack: str, more: str = "") -> list[str]:
    write(folder, stack, more)
    with pytest.raises(RegistryError) as caught:
        read_registry(folder, {})
    return [line.strip().replace(f"{folder}/", "") for line in str(caught.value).splitlines()[1:]]


def test_what_the_stack_section_says_is_what_the_stack_is_made_of(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"  network: {FOUND}\n"
        "  nights:\n    - {name: sales, mode: full, expression: cron(0 22 ? * MON-FRI *), time_zone: Europe/Berlin,"
        " flexible_minutes: 15, tags: [sales]}\n"
        "  replication: {sizes: [{id: big, instance_class: dms.r6i.2xlarge, storage_gigabytes: 500}]}\n"
        "  tags: [{key: cost-centre, value: '4711'}]\n",
    )
    stack = read_registry(tmp_path, {}).settings.stack
    assert stack.network == Network(
        vpc="vpc-0123456789abcdef0",
        subnets=("subnet-0000000a", "subnet-0000000b"),
        route_tables=("rtb-0000000a",),
    )
    assert stack.nights == (
        NightSchedule("sales", "full", "cron(0 22 ? * MON-FRI *)", "Europe/Berlin", 15, ("sales",)),
    )
    assert [one.id for one in stack.replication.sizes] == ["big"]
    assert stack.tags == (Tag("cost-centre", "4711"),)


def night(**fields: object) -> str:
    given = {"name": "nightly", "mode": "full", "expression": "cron(0 22 * * ? *)", **fields}
    return f"{MADE}  nights:\n    - {{{', '.join(f'{key}: {value}' for key, value in given.items())}}}\n"


@pytest.mark.parametrize(
    ("stack", "line", "said"),
    [
        ("  netwerk: {}\n", 1, "`stack` has no key `netwerk`. Did you mean `network`?"),
        ("  keep_data: maybe\n", 1, "`stack.keep_data` is 'maybe', wanted true or false."),
        ("  emails: [nobody]\n", 1, "`stack.emails[0]` is 'nobody', wanted an e-mail address."),
        ("  landing_retention_days: 7\n", 1, "`stack.landing_retention_days` is 7, wanted 14 to 3,650."),
        ("  functions: {log_retention_days: 100}\n", 1, "`stack.functions.log_retention_days` is 100, wanted one of 1"),
        ("  functions: {architecture: arm}\n", 1, "wanted 'arm64' or 'x86_64'. Did you mean `arm64`?"),
        ("  functions: {python: 3.10}\n", 1, "`stack.functions.python` is 3.10, wanted '3.11' or"),
        ("  functions: {memory_megabytes: 20480}\n", 1, "is 20480, wanted 256 to 10,240."),
        ("  tags: [{key: fleet, value: x}]\n", 1, "The tag `fleet` is what the functions' rights are limited by."),
        ("  replication: {maintenance_window: sunday}\n", 1, "wanted ddd:hh:mm-ddd:hh:mm in UTC"),
        ("  replication: {maintenance_window: 'sun:12:00-sun:12:10'}\n", 1, "30 minutes at least"),
        ("  replication: {account_roles: reuse}\n", 1, "is 'reuse', wanted 'create' or 'adopt'."),
        ("  replication: {storage_gigabytes: 6145}\n", 1, "is 6145, wanted 5 to 6,144."),
        ("  replication: {instance_class: r6i.large}\n", 1, "wanted a class of replication instances"),
        ("  network: {vpc: my-vpc}\n", 1, "`stack.network.vpc` is 'my-vpc', wanted the id of a VPC, vpc-..."),
        ("  network: {make_endpoints: false}\n", 1, "`stack.network.make_endpoints` is false, wanted a list."),
        ("  network: {make_endpoints: true}\n", 1, "`make_endpoints: [s3, secretsmanager]`; none is `[]`."),
        ("  network: {make_endpoints: [kms]}\n", 1, "is 'kms', wanted 's3' or 'secretsmanager'."),
        ("  network: {cidr: 10.90.0.0/28}\n", 1, "wanted an IPv4 network of /16 to /26"),
        ("  network: {source_networks: [10.0.0.1/8]}\n", 1, "Its host bits are zero."),
        ("  snowflake_trust: {user_arn: SNOW}\n", 1, "wanted the ARN of an IAM user."),
        (night(name="a-name-that-is-too-long"), 3, "`stack.nights[0].name` is 'a-name-that-is-too-long', wanted an id"),
        (night(name="sweep"), 3, "the sweep is a schedule already."),
        (night(mode="both"), 3, "`stack.nights[0].mode` is 'both', wanted 'full' or 'delta'"),
        (night(time_zone="Europe/Berlim"), 3, "`stack.nights[0].time_zone` is 'Europe/Berlim', wanted the name of"),
        (night(flexible_minutes=1441), 3, "wanted 0 to 1,440."),
        (night(expression="cron(0 22 * * *)"), 3, "Here it has 5 fields of 6: minutes, hours,"),
        (night(expression="cron(0 22 * * * *)"), 3, "exactly one of day of month and day of week is to be ?."),
        (night(expression="cron(60 22 * * ? *)"), 3, "Here '60' is no minutes (0 to 59)."),
        (night(expression="cron(0 22 ? * MO *)"), 3, "Here 'MO' is no day of week (1 to 7)."),
        (night(expression="cron(0/ 22 ? * MON *)"), 3, "Here '0/' is no minutes"),
        (night(expression="cron(0 22-4 ? * MON *)"), 3, "Here '22-4' is no hours"),
        (night(expression="rate(0 days)"), 3, "Here it is neither cron(...) nor rate("),
    ],
)
def test_a_wrong_value_is_named_with_file_and_line(tmp_path: Path, stack: str, line: int, said: str) -> None:
    found = findings(tmp_path, stack)
    assert any(one.startswith(f"settings.yaml:{FIRST + line}: ") and said in one for one in found), found


@pytest.mark.parametrize(
    ("stack", "line", "said"),
    [
        ("  network: {vpc: vpc-0000000a}\n", 1, "`stack.network.subnets` names fewer than two subnets of the VPC."),
        (f"  network: {FOUND.replace('subnet-0000000b', 'subnet-0000000a')}\n", 1, "names fewer than two subnets"),
        (f"  network: {FOUND.replace(', route_tables: [rtb-0000000a]', '')}\n", 1, "the endpoint of S3 is entered"),
        (f"  network: {FOUND.replace('vpc:', 'cidr: 10.1.0.0/24, vpc:')}\n", 1, "`vpc` names one that exists."),
        (
            f"  network: {FOUND.replace('vpc: vpc-0123456789abcdef0, ', '')}\n",
            1,
            "`stack.network.subnets` is of an exi",
        ),
        ("  network: {make_endpoints: []}\n", 1, "`stack.network.cidr` is missing, and so is `vpc`."),
        (
            "  network: {cidr: 10.1.0.0/24, zones: [eu-central-1a, eu-central-1b], make_endpoints: [s3, s3]}\n",
            1,
            "`stack.network.make_endpoints` names 's3' for the second time.",
        ),
        (MADE.replace(", eu-central-1b", ""), 1, "`stack.network.zones` names fewer than two zones."),
        (MADE.replace("-1b", "-1a"), 1, "or one twice."),
        (MADE.replace("eu-central-1b", "eu-west-1b"), 1, "names 'eu-west-1b', which is not in 'eu-central-1'."),
        ("  emails: [a@b.example, a@b.example]\n", 1, "`stack.emails` names 'a@b.example' for the second time."),
        ("  snowflake_trust: {external_id: fleet}\n", 1, "`stack.snowflake_trust` lacks `user_arn`."),
        (night(sweep="true"), 3, "night 'nightly' is of mode 'full' and has `sweep: true`."),
        (night(tags="[]"), 3, "night 'nightly' has `tags` that name none. Name one, or leave `tags` out"),
        (night(tags="[slaes]"), 3, "for databases with the tag 'slaes', and none has it. Did you mean `sales`?"),
        (
            "  replication: {sizes: [{id: bigg, instance_class: dms.r6i.large, storage_gigabytes: 50}]}\n",
            1,
            "is for 'bigg', which no database names. Did you mean `big`?",
        ),
        (night(expression="cron(0 8 ? * SUN *)"), 3, "night 'nightly' may still go on in `stack.replication.maint"),
        # In Berlin's winter 14 o'clock is 13 UTC, which is over; in its summer it is 12.
        (night(expression="cron(0 14 ? * SUN *)", time_zone="Europe/Berlin"), 3, "(sun:12:00-sun:13:00 UTC)"),
    ],
)
def test_a_contradiction_is_named_with_file_and_line(tmp_path: Path, stack: str, line: int, said: str) -> None:
    found = findings(tmp_path, stack)
    assert any(one.startswith(f"settings.yaml:{FIRST + line}: ") and said in one for one in found), found


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 22 * * ? *)",
        "cron(0/15 1-5,22 ? JAN-MAR,12 MON-FRI 2026-2030)",
        "cron(0 22 L * ? *)",
        "cron(0 22 15W * ? *)",
        "cron(0 13 ? * SUN *)",
        "cron(0 22 ? * 6#3 *)",
        "rate(1 day)",
    ],
)
def test_a_schedule_that_aws_takes_is_taken(tmp_path: Path, expression: str) -> None:
    write(tmp_path, night(expression=f"'{expression}'"))
    assert read_registry(tmp_path, {}).settings.stack.nights[0].expression == expression


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("{task_deadline_seconds: 900}", r"`limits\.stuck_seconds` is 1800, more than `task_deadline_seconds`"),
        ("{task_deadline_seconds: 39600}", r"`limits`: the waits of one database .* 58,800 s together, wanted 43,200"),
        ("{load_deadline_seconds: 36000}", r"`limits`: the waits of one database .* 69,600 s together, wanted 43,200"),
    ],
)
def test_limits_that_an_execution_has_no_time_for_are_refused(tmp_path: Path, limits: str, said: str) -> None:
    (found,) = findings(tmp_path, MADE, f"limits: {limits}\n")
    assert re.search(said, found)


def test_a_landing_bucket_that_is_the_control_bucket_is_refused(tmp_path: Path) -> None:
    write(tmp_path, MADE)
    file = tmp_path / "settings.yaml"
    file.write_text(file.read_text().replace("fleet-landing", "fleet-control-123456789012"), encoding="utf-8")
    with pytest.raises(RegistryError, match=r"settings\.yaml:4: .*which is the control bucket"):
        read_registry(tmp_path, {})


def test_folders_that_may_be_deleted_before_anybody_hears_of_a_missing_delta_are_refused(tmp_path: Path) -> None:
    write(tmp_path, f"{MADE}  landing_retention_days: 19\n", "limits: {delta_overdue_hours: 240}\n")
    assert read_registry(tmp_path, {}).settings.stack.landing_retention_days == 19  # no database does deltas
    file = tmp_path / "databases.yaml"
    file.write_text(file.read_text().replace("tags:", "deltas: true, tags:"), encoding="utf-8")
    with pytest.raises(RegistryError, match=rf"settings\.yaml:{FIRST + 2}: .* is 19, .* at least 20 days"):
        read_registry(tmp_path, {})


@pytest.mark.parametrize(
    ("hour", "zone", "other_server", "at"),
    [
        (22, "Europe/Berlin", "", "Sun 21:00"),
        (22, "Europe/Berlin", "- {id: shop-2, server: two, instance: big, schemas: [s], onboarded: true}\n", ""),
        (5, "Europe/Berlin", "", ""),
        (22, "Asia/Tokyo", "", ""),
    ],
)
def test_a_night_that_starts_in_a_blackout_of_all_its_servers_is_refused(
    tmp_path: Path, hour: int, zone: str, other_server: str, at: str
) -> None:
    write(tmp_path, night(expression=f"cron(0 {hour} * * ? *)", time_zone=zone))
    window = "blackouts: [{starts: '21:30', ends: '02:00', time_zone: Europe/Berlin}]"
    (tmp_path / "servers.yaml").write_text(
        f"- {{id: one, engine: postgresql, secret: fleet/one, {window}}}\n"
        "- {id: two, engine: postgresql, secret: fleet/two}\n",
        encoding="utf-8",
    )
    databases = tmp_path / "databases.yaml"
    text = databases.read_text(encoding="utf-8").replace("tags:", "onboarded: true, tags:")
    databases.write_text(text + other_server, encoding="utf-8")
    if not at:
        assert read_registry(tmp_path, {}).settings.stack.nights
        return
    said = rf"settings\.yaml:{FIRST + 3}: .*night 'nightly' starts at {at} UTC, .*\(21:30 to 02:00 Europe/Berlin\)"
    with pytest.raises(RegistryError, match=said):
        read_registry(tmp_path, {})
