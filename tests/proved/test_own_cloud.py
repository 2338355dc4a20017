"""`fleet up` with a registry of one's own: a cloud that stays, and a run in it."""

from __future__ import annotations

import json

from strangers import Stranger, servers, stranger

__all__ = ["servers", "stranger"]


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
