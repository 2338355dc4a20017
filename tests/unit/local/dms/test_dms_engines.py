"""Which members an endpoint of each engine may have."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.databases import Database, Engine, Server, SslMode
from fleet.dms.endpoints import SSL_MODES, source_endpoint
from localcloud.dms.engines import offered
from localcloud.dms.engines.sources import readers
from localcloud.in_process_transport import AwsError, NotEmulatedError

SHOP = Database("shop", "s", "Shop", "one", ("Shop",))
ENGINES = ("postgresql", "mysql", "mariadb", "sqlserver")


def wanted(engine: Any) -> dict[str, Any]:
    server = Server("s", engine, "secret", ssl_mode="none")
    return {"EndpointType": "source", **source_endpoint(server, SHOP, "arn:role")}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_deployment_asks_for_can_be_had_and_read(engine: str) -> None:
    offered.check(wanted(engine), readers())


@pytest.mark.parametrize("engine", ["postgresql", "sqlserver"])
def test_an_engine_with_databases_asks_for_the_one_to_read(engine: str) -> None:
    given = wanted(engine)
    settings = offered.ENGINES[given["EngineName"]].settings
    del given["DatabaseName"], given[settings]["DatabaseName"]
    with pytest.raises(AwsError, match="DatabaseName is required"):
        offered.check(given, readers())


@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
@pytest.mark.parametrize("extra", [{"DatabaseName": "Shop"}, {"ServerTimezone": "US/Pacific"}])
def test_what_would_change_the_reading_of_mysql_is_refused_by_name(engine: str, extra: dict[str, str]) -> None:
    given = wanted(engine)
    given["MySQLSettings"] = {**given["MySQLSettings"], **extra}
    with pytest.raises(NotEmulatedError, match=next(iter(extra))):
        offered.check(given, readers())


@pytest.mark.parametrize("mode", ["none", "require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("engine", ENGINES)
def test_an_endpoint_takes_the_modes_of_encryption_that_dms_has_for_its_engine(engine: Engine, mode: SslMode) -> None:
    given = {**wanted(engine), "SslMode": mode}
    if mode in SSL_MODES[engine]:
        offered.check(given, readers())
    else:
        with pytest.raises(AwsError, match=f"SslMode {mode} is not supported"):
            offered.check(given, readers())
