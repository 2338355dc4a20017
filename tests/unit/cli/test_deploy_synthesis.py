"""What `fleet deploy` hands to Terraform, synthesised for real: the bindings are loaded once, which takes a while."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onboarding.reader import read_registry
from orchestration.stack import synthesise

REGISTRY = Path(__file__).parents[3] / "registry"


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's stacks, and that of an instance of which only a state still knows."""
    folder = tmp_path_factory.mktemp("stack")
    package = folder / "functions.zip"
    package.write_bytes(b"a package")
    kept = folder / "stacks" / "instance-gone" / "instance-gone.tfstate"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}", encoding="utf-8")
    (kept.parent / ".terraform.lock.hcl").write_text("# kept\n", encoding="utf-8")
    names = synthesise(read_registry(REGISTRY, {}), folder, package, ["instance-gone", "instance-one"])
    assert names == ["foundation", "instance-gone", "instance-one", "instance-two", "pipeline"]
    return folder / "stacks"


def test_the_stack_of_an_instance_that_is_gone_is_empty_so_that_terraform_removes_all_of_it(stacks: Path) -> None:
    gone = json.loads((stacks / "instance-gone" / "cdk.tf.json").read_text(encoding="utf-8"))
    one = json.loads((stacks / "instance-one" / "cdk.tf.json").read_text(encoding="utf-8"))
    assert not gone.keys() & {"resource", "data"}
    assert one["resource"].keys() >= {"aws_dms_replication_instance", "aws_dms_replication_task"}


def test_synthesis_leaves_a_state_in_a_file_and_the_chosen_providers_where_they_are(stacks: Path) -> None:
    folder = stacks / "instance-gone"
    assert (folder / "instance-gone.tfstate").read_text(encoding="utf-8") == "{}"
    assert (folder / ".terraform.lock.hcl").read_text(encoding="utf-8") == "# kept\n"


def test_terraform_itself_refuses_credentials_of_another_account(stacks: Path) -> None:
    for stack in stacks.iterdir():
        (provider,) = json.loads((stack / "cdk.tf.json").read_text(encoding="utf-8"))["provider"]["aws"]
        assert provider["allowed_account_ids"] == ["123456789012"]
