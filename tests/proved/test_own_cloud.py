"""`fleet up` with a registry of one's own: a cloud that stays, and a run in it."""

from __future__ import annotations

import json

import boto3
import pytest

from strangers import Stranger, forks, servers, stranger

__all__ = ["forks", "servers", "stranger"]


def test_a_cloud_that_stays_runs_the_databases_of_a_registry_of_ones_own(stranger: Stranger) -> None:
    stranger.ask("init", stranger.shop, stranger.crm)
    up = stranger.type_in("up", "--registry", "my-registry", "--port", "0", "--clock", "virtual", "--json", "--detach")
    assert up.returncode == 0, up.stderr
    found = json.loads(up.stdout)
    try:
        assert (found["fleet"], found["databases"]) == ("own", 2)
        for name in ("first", "second"):
            asked = ("run", "--registry", "my-registry", "--run", name, "--json")
            run = stranger.type_in(*asked, **found["environment"])
            assert run.returncode == 0, run.stdout + run.stderr
            assert stranger.type_in("reset").returncode == 0
    finally:
        assert stranger.type_in("down").returncode == 0


def test_snowflakes_stand_in_is_set_up_by_a_command(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger.ask("init", stranger.shop)
    up = stranger.type_in("up", "--port", "0", "--json", "--detach")
    assert up.returncode == 0, up.stderr
    try:
        for name, value in json.loads(up.stdout)["environment"].items():
            monkeypatch.setenv(name, value)
        asked = ("snowflake", "--registry", "my-registry", "--external-id", "fleet-0001")
        assert "the account holds no such" in stranger.ask(*asked).stderr
        kms = boto3.client("kms")
        key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/fleet-snowflake", TargetKeyId=key)
        shown = stranger.ask(*asked)
        assert "STORAGE_AWS_EXTERNAL_ID = 'fleet-0001'" in shown.stdout
        assert shown.stdout.endswith("DESC STORAGE INTEGRATION FLEET_LANDING;\n")
        for _ in range(2):  # again changes nothing
            done = stranger.ask(*asked, "--folder", "cloud")
            assert (done.returncode, "is set up" in done.stdout) == (0, True), done.stderr
    finally:
        assert stranger.type_in("down").returncode == 0
