"""What the DMS suites share: one moto for a module, and for each test a new DMS over a source made of dicts.

A suite that needs another source, or another account, has a fixture of the same name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.aws import LocalAws
from localcloud.tests.dms.dms_cloud import SECRET, Cloud, Clouds, FakeReader


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with LocalAws() as aws:
        yield Clouds(aws, SECRET)


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader({"orders": 10, "lines": 20})


@pytest.fixture
def cloud(clouds: Clouds, reader: FakeReader) -> Iterator[Cloud]:
    with clouds.open(reader) as cloud:
        yield cloud
