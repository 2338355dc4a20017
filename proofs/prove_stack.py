"""What the stack must show without an account, shown: `make prove-stack`. Figures last; one that falls short fails.

The whole way of `make verify-stack`; what synthesis costs (`bench/synthesis.py`); and the stack of an instance with 50
databases, as many as DMS's endpoints allow: its size, its plan before it is applied, and after.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure, print_figures
from fleet.errors import FleetError
from fleet.names import data_key_alias
from local.sources.sample_fleet import BuiltDatabase
from local.terraform import Terraform, find
from onboarding.reader import read_registry
from orchestration.constructs.network import security_group_name, subnet_group_name
from orchestration.package import HOST, build_package, host_python
from proofs.stack_account import Account, NotProvenError, empty_account, prepare, write_fleet

HERE = Path("build/prove-stack").resolve()
DATABASES = 50
BLOCKS_OF_A_DATABASE = 5  # role and its policy, two endpoints, a task
MOST_BYTES = 300_000
MOST_SECONDS = 60.0

T = TypeVar("T")


def main() -> int:
    """Run it all; 0 if nothing falls short."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    figures = [_command("proofs.verify_stack"), _command("bench.synthesis")]
    try:
        figures += _plan_of_fifty()
    except FleetError as error:
        figures.append((f"a stack of {DATABASES} databases", str(error), False))
    return print_figures(figures)


def _command(name: str) -> Figure:
    """The module *name*, printed as it runs; its last line is the figure."""
    print(f"\n{name}", flush=True)
    last, began = "it printed nothing", time.monotonic()
    with subprocess.Popen([sys.executable, "-m", name], stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return name, f"{last} ({time.monotonic() - began:.0f} s)", running.returncode == 0


def _plan_of_fifty() -> list[Figure]:
    print(f"\na stack of {DATABASES} databases", flush=True)
    shutil.rmtree(HERE, ignore_errors=True)
    package = build_package(HERE / "package", architecture=HOST, python=host_python())
    built = [BuiltDatabase(f"plan-{n:02}", f"plan_{n:02}", ("public",), (), (), 1, 0, 0, 0) for n in range(DATABASES)]
    with empty_account(HERE / "account") as account:
        folder = write_fleet(built, account, HERE / "registry", ["one"])
        registry = read_registry(folder, {})
        prepare(account, registry, {"host": "nowhere"})
        _synthesise(folder, HERE / "stack", package)
        _stand_in_for_foundation(account, registry.settings.prefix)
        environment = {**account.environment, "TF_CLI_ARGS_apply": f"-parallelism={DATABASES}"}
        stack = Terraform(find(), HERE / "stack/stacks/instance-one", environment)
        stack.init()
        size = (stack.folder / "cdk.tf.json").stat().st_size
        first, changes = _timed(stack.changes)
        if not changes:
            raise NotProvenError("the plan of an empty account makes nothing.")
        applied, _ = _timed(stack.apply)
        again, changes = _timed(stack.changes)
        made = len(stack.resources())
    return [
        ("its size", f"{size / 1000:.0f} KB", size < MOST_BYTES),
        ("its first plan", f"{first:.0f} s", first < MOST_SECONDS),
        ("its apply", f"{applied:.0f} s, {made} resources", made > DATABASES * BLOCKS_OF_A_DATABASE),
        ("its plan once applied", f"{again:.0f} s", again < MOST_SECONDS),
        ("what that plan would change", changes[-2000:] or "nothing", not changes),
    ]


def _timed(do: Callable[[], T]) -> tuple[float, T]:
    """How many seconds *do* took, and what it gave."""
    began = time.monotonic()
    done = do()
    return time.monotonic() - began, done


def _synthesise(registry: Path, folder: Path, package: Path) -> list[str]:
    """The names of the stacks of *registry*, now in *folder*, in their order."""
    command = [sys.executable, "main.py", "--registry", str(registry), "--output", str(folder)]
    done = subprocess.run([*command, "--package", str(package)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotProvenError(f"main.py ended with {done.returncode}: {done.stderr[-2000:]}")
    return [Path(line).name for line in done.stdout.split()]


def _stand_in_for_foundation(account: Account, prefix: str) -> None:
    """What the stack of an instance looks up: the key, the security group, the subnet group."""
    kms, ec2 = account.client("kms"), account.client("ec2")
    kms.create_alias(AliasName=data_key_alias(prefix), TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    vpc = ec2.create_vpc(CidrBlock="10.90.0.0/24")["Vpc"]["VpcId"]
    ec2.create_security_group(GroupName=security_group_name(prefix), Description="sources", VpcId=vpc)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for block, zone in (("10.90.0.0/25", "eu-central-1a"), ("10.90.0.128/25", "eu-central-1b"))
    ]
    account.client("dms").create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier=subnet_group_name(prefix),
        ReplicationSubnetGroupDescription="sources",
        SubnetIds=subnets,
    )


if __name__ == "__main__":
    sys.exit(main())
