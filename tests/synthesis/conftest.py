"""What was synthesised, once for the whole session: all these tests run on one worker."""

from __future__ import annotations

import pytest

from synthesis_registries import EXISTING, TRICKY, entry, write_registry
from synthesised import LEFT_BY_TERRAFORM, ROOT, Stacks, Variant, write_all, write_package


@pytest.fixture(scope="session")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stacks]:
    """By name: the repository's fleet; with one flag flipped; in an existing network; fifty databases; and
    with an instance that only a state still knows."""
    here = tmp_path_factory.mktemp("synthesis")
    package, sample = write_package(here / "functions.zip"), ROOT / "registry"
    odd = "".join(entry(one, "pg", f"S${{{one}}} %{{x}}", "${schema}") for one in TRICKY)
    odd += entry("orders", "ms", "Orders", "dbo", ", deltas: true") + entry(
        "shop", "my", "Shop", "Shop", ", views: false"
    )
    odd += entry("old", "plain", "Old", "public")
    network = "{cidr: 10.1.0.0/24, zones: [eu-west-1a, eu-west-1b], make_endpoints: [secretsmanager]}"
    made = f"stack: {{network: {network}, state_bucket: acme-state}}\n"
    fifty = "".join(entry(f"database-{number:03}", "pg", f"Database {number}", "public") for number in range(50))
    registries = {
        "sample": (sample, {}),
        "flipped": (sample, {"FLEET_ONBOARD_ODD_NAMES": "false"}),
        "existing": (write_registry(here / "odd", EXISTING, odd), {}),
        "fifty": (write_registry(here / "many", made, fifty), {}),
    }
    wanted = [
        Variant(str(registry), str(here / f"{name}-stacks"), str(package), flags)
        for name, (registry, flags) in registries.items()
    ]
    gone = here / "left-stacks" / "stacks" / "instance-gone"
    gone.mkdir(parents=True)
    for name in LEFT_BY_TERRAFORM:
        (gone / name).write_text("kept", encoding="utf-8")
    wanted.append(Variant(str(sample), str(here / "left-stacks"), str(package), {}, (gone.name, "instance-one")))
    write_all(wanted)
    return {name: Stacks(here / f"{name}-stacks") for name in (*registries, "left")}


@pytest.fixture
def sample(variants: dict[str, Stacks]) -> Stacks:
    """The fleet that is in the repository."""
    return variants["sample"]


@pytest.fixture
def existing(variants: dict[str, Stacks]) -> Stacks:
    """Every kind of source and odd names, in a network and an account that have something already."""
    return variants["existing"]
