"""What `fleet deploy` refuses to begin, or to go on with, and what it says then."""

from __future__ import annotations

import json

import pytest

from cli.stack.deploy import NotSynthesisedError, require_node
from deploy_bench import GONE, MADE, Fleet, Place, cloud, fleet, place

__all__ = ["cloud", "fleet", "place"]


def test_an_open_run_refuses_a_deployment_and_is_named_with_its_start_and_its_end(place: Place, fleet: Fleet) -> None:
    place.start("full-20261121")
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert said.err.startswith("Error: run 'full-20261121' since 20")
    assert said.err.endswith(
        " UTC is open: a deployment would change tasks that move. Wait for its end, or end it with "
        "`fleet stop full-20261121`.\n"
    )
    assert place.terraform.all_calls() == []
    place.end_runs()
    assert fleet("deploy", "--yes").code == 0


def test_a_database_that_somebody_runs_by_itself_refuses_a_deployment_as_well(place: Place, fleet: Fleet) -> None:
    place.start("trial-chinook-0", machine="database-run")
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert said.err.startswith("Error: database-run 'trial-chinook-0' since ")
    assert "stop it in the console" in said.err


def test_a_run_that_opens_while_a_person_reads_the_plan_stops_before_that_plan_is_applied(
    place: Place, fleet: Fleet
) -> None:
    place.terraform.play("foundation", MADE)
    place.terraform.play("instance-one", MADE)
    place.when_asked(2, lambda: place.start("delta-0715"))
    said = fleet("deploy", answers="y\ny\n")
    assert said.code == 3
    assert place.terraform.stacks_of("apply") == ["foundation"]
    assert "instance-one             failed" in said.out
    assert said.err.startswith("Error: instance-one: run 'delta-0715' since ")


def test_a_plan_alone_is_shown_while_a_run_is_open_and_says_so(place: Place, fleet: Fleet) -> None:
    place.start("full-20261122")
    said = fleet("deploy", "--plan-only")
    assert said.code == 0
    assert "run 'full-20261122' since" in said.out
    assert "an apply would be refused" in said.out


def test_credentials_of_another_account_are_refused_and_both_accounts_named(place: Place, fleet: Fleet) -> None:
    place.write_registry(account="999999999999")
    for arguments in (("deploy", "--yes"), ("deploy", "--plan-only"), ("destroy", "--yes")):
        said = fleet(*arguments)
        assert said.code == 2
        assert said.err.startswith("Error: the credentials are of account 123456789012 (arn:aws:")
        assert "settings.yaml says 999999999999. Sign in to that account, or mend `account`." in said.err
    assert place.terraform.all_calls() == []


def test_a_terraform_that_cannot_lock_a_state_in_s3_is_refused(place: Place, fleet: Fleet) -> None:
    place.terraform.version = "1.9.8"
    place.terraform.write()
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert "is Terraform 1.9.8, wanted >= 1.10: older ones cannot lock a state in S3" in said.err


def test_what_is_no_terraform_is_refused_in_its_own_words(place: Place, fleet: Fleet) -> None:
    place.terraform.version = ""
    place.terraform.write()
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert "does not say which Terraform it is, but 'OpenThing 1'. Install HashiCorp's Terraform." in said.err


def test_a_machine_without_terraform_gets_an_error_that_says_which_to_install(place: Place, fleet: Fleet) -> None:
    place.environment["PATH"] = str(place.registry)
    said = fleet("deploy", "--yes")
    assert (said.code, said.err) == (2, "Error: No terraform on the PATH. Install Terraform >= 1.10.\n")


def test_a_state_bucket_that_is_not_there_is_refused_and_the_page_named_that_makes_it(
    place: Place, fleet: Fleet
) -> None:
    place.write_settings("state_bucket: nobodys-states")
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert said.err == (
        "Error: the states in bucket 'nobodys-states' (`stack.state_bucket`) cannot be read: NoSuchBucket. "
        "docs/deploy.md says how to make the bucket, and who may read it.\n"
    )


def test_a_terraform_of_another_machine_is_said_not_to_start(place: Place, fleet: Fleet) -> None:
    (place.terraform.folder / "terraform").write_bytes(b"\x7fELF")
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert "terraform does not start: " in said.err


def test_a_broken_state_is_named_before_anything_is_planned(place: Place, fleet: Fleet) -> None:
    folder = place.output / "stacks" / "instance-two"
    folder.mkdir(parents=True)
    (folder / "instance-two.tfstate").write_text("<<<<<<< mine", encoding="utf-8")
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert "instance-two.tfstate is none of Terraform's: " in said.err
    assert "Bring its last good version back." in said.err
    assert place.terraform.stacks_of("plan") == []


def test_a_machine_without_node_gets_our_error_before_cdktf_fails_in_words_of_its_own() -> None:
    with pytest.raises(NotSynthesisedError, match=r"^There is no Node at '/nowhere/node' \(JSII_NODE\)\. `make setup`"):
        require_node({"JSII_NODE": "/nowhere/node"})
    require_node({})


def test_a_registry_that_is_refused_comes_back_with_its_line_before_anything_is_asked_of_aws(
    place: Place, fleet: Fleet
) -> None:
    place.write_settings("state_bucket: [one]")
    said = fleet("deploy", "--yes")
    assert said.code == 2
    assert "settings.yaml:15" in said.err
    assert place.terraform.all_calls() == []


@pytest.mark.parametrize("where", ["bucket", "file"])
def test_the_stack_of_an_instance_that_the_registry_no_longer_names_goes_first_and_goes_away(
    place: Place, fleet: Fleet, where: str
) -> None:
    state = json.dumps({"resources": [{"type": "aws_dms_replication_instance"}]})
    if where == "bucket":
        place.write_settings("state_bucket: the-states")
        s3 = place.aws.client("s3")
        s3.create_bucket(Bucket="the-states", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket="the-states", Key="fleet/instance-two.tfstate", Body=state.encode())
        s3.put_object(Bucket="the-states", Key="fleet/instance-three.tfstate", Body=b'{"resources": []}')
        s3.put_object(Bucket="the-states", Key="other/instance-four.tfstate", Body=state.encode())
    else:
        folder = place.output / "stacks" / "instance-two"
        folder.mkdir(parents=True)
        (folder / "instance-two.tfstate").write_text(state, encoding="utf-8")
    place.terraform.play("instance-two", GONE)
    said = fleet("deploy", "--yes")
    assert said.code == 0
    assert place.terraform.stacks_of("plan") == ["instance-two", "foundation", "instance-one", "pipeline"]
    assert "instance-two             applied       0 to create, 0 to change, 1 to destroy\n" in said.out
    assert ("on this machine alone" in said.out) == (where == "file")
