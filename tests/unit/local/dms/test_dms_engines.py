"""Which members an endpoint of each engine may have."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.databases import Database, EndpointSetting, Engine, Server, SettingValue, SslMode
from fleet.dms.endpoint_settings import SettingRule, find_value_changes, rules_of
from fleet.dms.endpoints import SSL_MODES, source_endpoint
from localcloud.dms.engines import offered
from localcloud.dms.engines.sources import readers
from localcloud.in_process_transport import AwsError, NotEmulatedError

SHOP = Database("shop", "s", "Shop", "one", ("Shop",))
ENGINES = ("postgresql", "mysql", "mariadb", "sqlserver")


def wanted(engine: Any, *settings: EndpointSetting) -> dict[str, Any]:
    server = Server("s", engine, "secret", ssl_mode="none", endpoint_settings=settings)
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


def taken(rule: SettingRule) -> list[SettingValue]:
    """Values of each kind that the setting may be given."""
    of_text = [one for one in rule.values if one not in rule.refused] or ["plain"]
    return [True, False] if rule.of is bool else [rule.lowest] if rule.of is int else list(of_text)


@pytest.mark.parametrize("engine", ENGINES)
def test_each_setting_of_an_endpoint_is_an_attribute_that_dms_knows(engine: Engine) -> None:
    # The two houses have a list each. What this cloud does not do it refuses by name, or it says that it ignores it.
    for name, rule in rules_of(engine).items():
        for setting in (EndpointSetting(name, value) for value in taken(rule)):
            given = wanted(engine, setting)
            if setting.value == rule.default or not (find_value_changes([setting]) or name in _OTHERWISE_REFUSED):
                offered.check(given, readers())
            else:
                with pytest.raises(NotEmulatedError, match=f"ExtraConnectionAttributes with {name} = "):
                    offered.check(given, readers())


_OTHERWISE_REFUSED = {"DisableUnicodeSourceFilter", "CleanSourceMetadataOnMismatch", "ForceLobLookup"}
"""Settings that could change which rows are read, or how, in a way that this cloud does not know."""


@pytest.mark.parametrize(
    ("engine", "attributes"),
    [
        ("postgresql", "mapBooleanAsBoolean=true"),
        ("postgresql", "executeTimeout=5;trimSpaceInChar=false;"),
        ("postgresql", "slotName=mine"),
        ("mariadb", "serverTimezone=US/Pacific"),
        ("sqlserver", "TrimSpaceInChar=false"),
    ],
)
def test_an_attribute_that_would_change_what_is_read_is_refused_by_name(engine: str, attributes: str) -> None:
    with pytest.raises(NotEmulatedError, match="ExtraConnectionAttributes with"):
        offered.check({**wanted(engine), "ExtraConnectionAttributes": attributes}, readers())


@pytest.mark.parametrize("attributes", ["colour=red", "executeTimeout", "executeTimeout=5; connectionTimeout=3"])
def test_an_attribute_that_dms_does_not_know_is_refused(attributes: str) -> None:
    with pytest.raises(AwsError, match=r"Unsupported value '.*' for extra connection attributes"):
        offered.check({**wanted("sqlserver"), "ExtraConnectionAttributes": attributes}, readers())
