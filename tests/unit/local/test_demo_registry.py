"""Which registry a demo takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.sample_registry import SAMPLE_REGISTRY
from fleet.databases import Registry, Server
from fleet.errors import MalformedInputError
from local.sources.demo_fleet import require_sample
from onboarding.reader import read_registry


@pytest.fixture(scope="module")
def sample() -> Registry:
    return read_registry(SAMPLE_REGISTRY, {})


def test_the_samples_own_registry_is_taken(sample: Registry) -> None:
    require_sample(sample)
    require_sample(replace(sample, databases=sample.databases[:2]))


def test_a_server_of_ones_own_is_refused_by_name(sample: Registry) -> None:
    own = replace(sample, servers=(*sample.servers, Server("erp", "postgresql", "fleet/server/erp")))
    with pytest.raises(MalformedInputError, match=r"servers\.yaml has the server 'erp'.*`fleet try"):
        require_sample(own)


def test_an_onboarded_database_of_ones_own_is_refused_though_it_names_the_samples_server(sample: Registry) -> None:
    own = replace(sample.databases[0], id="erp", name_at_source="erp", onboarded=True)
    with pytest.raises(MalformedInputError, match=r"databases\.yaml has the database 'erp'"):
        require_sample(replace(sample, databases=(own,)))
    require_sample(replace(sample, databases=(replace(own, onboarded=False),)))
