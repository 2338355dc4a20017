"""Which settings of DMS a server's source endpoints may be given, and which are refused for what reason.

A setting has the name of DMS's guide. It goes to DMS as an extra connection attribute, `executeTimeout=120`:
Terraform's provider has no other way for SQL Server, and its blocks for the other engines send 0 and false for what is
left out (`expandPostgreSQLSettings`), a time-out of 0 among them.

Sources, read on 2026-12-01: the tables of endpoint settings in
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html#CHAP_Source.SQLServer.ConnectionAttrib
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.ConnectionAttrib
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html#CHAP_Source.MySQL.ConnectionAttrib
botocore's model of the three structures of settings, and, for what is sent,
https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dms/endpoint.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fleet.databases import Database, EndpointSetting, Engine, SettingValue
from fleet.spelling import did_you_mean


@dataclass(frozen=True)
class SettingRule:
    """What a setting may hold. *of*: its type. *values*: the texts that it may be; empty for any name or time zone.

    *lowest*, *highest*: of a number; None: DMS's pages name none. *default*: DMS's own, None where no page says it.
    *attribute*: what DMS calls it as an attribute, where that is not its name with a small first letter. *words*: true
    and false as DMS takes them there. *refused*: values that are not taken, each with the reason. *is_self_managed*:
    for servers alone that somebody runs by hand.
    """

    of: type[bool | int | str]
    default: SettingValue | None = None
    values: tuple[str, ...] = ()
    lowest: int = 1
    highest: int | None = None
    attribute: str = ""
    words: tuple[str, str] = ("true", "false")
    refused: Mapping[str, str] = field(default_factory=dict)
    is_self_managed: bool = False

    @property
    def wanted(self) -> str:
        """What completes "wanted ..."."""
        if self.of is bool:
            return "true or false"
        if self.of is int:
            return f"a whole number from {self.lowest} {f'to {self.highest}' if self.highest else 'on'}"
        return " or ".join(one for one in self.values if one not in self.refused) or "letters, digits and any of _/+:-"

    def accepts(self, value: SettingValue) -> bool:
        """Whether *value* is of the type and within its bounds; those that are refused for a reason are."""
        if self.of is bool or isinstance(value, bool):
            return self.of is bool and isinstance(value, bool)
        if isinstance(value, int):
            return self.of is int and self.lowest <= value and (self.highest is None or value <= self.highest)
        if self.of is int:
            return False
        return value in self.values if self.values else _PLAIN_TEXT.fullmatch(value) is not None


# What ends or begins an attribute, or ends a line, would become another attribute.
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_/+:-]{1,128}")
_SECONDS_10 = SettingRule(int, 10)
_SECONDS_60 = SettingRule(int, 60)
_SWITCH = SettingRule(bool, default=False)
_SWITCH_ON = SettingRule(bool, default=True)
_BACKUPS_ALONE = (
    "changes that are in no backup of the log yet would not be read: a delta would end before it has come to its mark"
)
_RULES: Mapping[Engine, Mapping[str, SettingRule]] = {
    "postgresql": {
        "CaptureDdls": SettingRule(bool, default=True, attribute="captureDDLs"),
        "DdlArtifactsSchema": SettingRule(str, default="public"),
        "DisableUnicodeSourceFilter": _SWITCH,
        "ExecuteTimeout": _SECONDS_60,
        "FetchCacheSize": SettingRule(int, 10_000),
        "PluginName": SettingRule(str, values=("pglogical", "test_decoding"), attribute="PluginName"),
        "TrimSpaceInChar": _SWITCH_ON,
    },
    "mysql": {
        "CleanSourceMetadataOnMismatch": SettingRule(bool, default=False, attribute="CleanSrcMetadataOnMismatch"),
        "ConnectionTimeout": _SECONDS_10,
        "EventsPollInterval": SettingRule(int, 5, highest=60),
        "ExecuteTimeout": _SECONDS_60,
        "IgnoreOpenXaTransactionsCheck": _SWITCH_ON,
        "ServerTimezone": SettingRule(str),
    },
    "sqlserver": {
        "ActivateSafeguard": _SWITCH_ON,
        "AlwaysOnSharedSynchedBackupIsEnabled": _SWITCH_ON,
        "ApplicationIntent": SettingRule(str, default="ReadWrite", values=("ReadOnly", "ReadWrite")),
        "ConnectionTimeout": _SECONDS_10,
        "EnableNonSysadminWrapper": SettingRule(bool, default=False, is_self_managed=True),
        "ExecuteTimeout": _SECONDS_60,
        "FatalOnSimpleModel": _SWITCH,
        "ForceLobLookup": _SWITCH,
        "MultiSubnetFailover": SettingRule(bool, default=False, words=("Yes", "No")),
        "SafeguardPolicy": SettingRule(
            str,
            default="RELY_ON_SQL_SERVER_REPLICATION_AGENT",
            values=("RELY_ON_SQL_SERVER_REPLICATION_AGENT", "EXCLUSIVE_AUTOMATIC_TRUNCATION"),
        ),
        "SetUpMsCdcForTables": _SWITCH,
        "TlogAccessMode": SettingRule(
            str,
            default="PreferTlog",
            values=("PreferTlog", "PreferBackup", "TlogOnly", "BackupOnly"),
            attribute="TlogAccessMode",
            refused={"BackupOnly": _BACKUPS_ALONE},
        ),
        "TrimSpaceInChar": _SWITCH_ON,
        "Use3rdPartyBackupDevice": SettingRule(bool, default=False, words=("Y", "N"), is_self_managed=True),
    },
}

_LOGIN = "address and login come from the secret"
_OF_A_TARGET = "it is for targets of DMS, and this is a source"
_TYPES = "the columns in Snowflake have the types that DMS gives without it"
_HEARTBEAT = "DMS would write to the source; a delta moves the slot on, and its mark is all that is written"
_OF_ALL = {
    **dict.fromkeys(
        (
            *("Username", "Password", "ServerName", "Port", "SecretsManagerSecretId", "SecretsManagerAccessRoleArn"),
            *("AuthenticationMethod", "ServiceAccessRoleArn"),
        ),
        _LOGIN,
    ),
    "AfterConnectScript": "a script at the source may do anything, and its failure is not shown",
    "DatabaseName": "it is `name_at_source` of each database",
    "MaxFileSize": _OF_A_TARGET,
}
_REFUSED: Mapping[Engine, Mapping[str, str]] = {
    "postgresql": {
        **_OF_ALL,
        **dict.fromkeys(("DatabaseMode", "BabelfishDatabaseName"), "Babelfish is none of the engines that are read"),
        "ConsumeMonotonicEvents": "changes with the log position of another would be dropped",
        "FailTasksOnLobTruncation": "what a value that is cut means is said by `losses`, table by table",
        **dict.fromkeys(("HeartbeatEnable", "HeartbeatFrequency", "HeartbeatSchema"), _HEARTBEAT),
        **dict.fromkeys(
            (
                *("MapBooleanAsBoolean", "MapJsonbAsClob", "MapLongVarcharAs", "MapUnboundedNumericAsString"),
                "UnboundedVarcharMaxSize",
            ),
            _TYPES,
        ),
        "SlotName": "each task has a slot of its own, and one for a whole server would be shared by its databases",
    },
    "mysql": {
        **_OF_ALL,
        **dict.fromkeys(("ParallelLoadThreads", "TargetDbType"), _OF_A_TARGET),
        "SkipTableSuspensionForPartitionDdl": "rows of a dropped partition would stay, and nothing would say so",
    },
    "sqlserver": {
        **_OF_ALL,
        **dict.fromkeys(
            ("BcpPacketSize", "UseBcpFullLoad", "ControlTablesFileGroup", "QuerySingleAlwaysOnNode"), _OF_A_TARGET
        ),
        "ReadBackupOnly": _BACKUPS_ALONE,
    },
}


def rules_of(engine: Engine) -> Mapping[str, SettingRule]:
    """The settings that source endpoints of *engine* may be given, by name."""
    return _RULES["mysql" if engine == "mariadb" else engine]


def find_unfit(engine: Engine, setting: EndpointSetting) -> str:
    """Why source endpoints of *engine* do not get *setting*, as what follows its name; empty if they do.

    A value is shown only of a setting that may be given: some of the others hold passwords.

    >>> find_unfit("sqlserver", EndpointSetting("ExecuteTimeout", 120))
    ''
    >>> find_unfit("sqlserver", EndpointSetting("ExecuteTimeout", True))
    'is true, wanted a whole number from 1 on.'
    >>> find_unfit("mariadb", EndpointSetting("executeTimeout", 120))
    'is no setting of DMS for a mariadb source. Did you mean `ExecuteTimeout`?'
    >>> find_unfit("postgresql", EndpointSetting("SlotName", "mine")).split(":")[0]
    'is not taken'
    """
    rule = rules_of(engine).get(setting.name)
    refused = _REFUSED["mysql" if engine == "mariadb" else engine]
    if rule is None:
        if why := {name.lower(): why for name, why in refused.items()}.get(setting.name.lower()):
            return f"is not taken: {why}. Remove it."
        return f"is no setting of DMS for a {engine} source. {did_you_mean(setting.name, rules_of(engine))}"
    if not rule.accepts(setting.value):
        return f"is {_shown(setting.value)}, wanted {rule.wanted}."
    if why := rule.refused.get(str(setting.value)):
        return f"is {setting.value}, which is not taken: {why}. Wanted {rule.wanted}."
    return ""


def _shown(value: SettingValue) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


def find_value_changes(settings: Sequence[EndpointSetting]) -> tuple[str, ...]:
    """Names of *settings* with which DMS gives other values than without: the blanks at the end of a CHAR, and times of
    day. Rows that arrived before keep theirs until the next full load.

    >>> find_value_changes([EndpointSetting("TrimSpaceInChar", False), EndpointSetting("ExecuteTimeout", 9)])
    ('TrimSpaceInChar',)
    >>> find_value_changes([EndpointSetting("TrimSpaceInChar", True)])
    ()
    """
    changing = [one.name for one in settings if one.name == "ServerTimezone"]
    return tuple(changing + [one.name for one in settings if one == EndpointSetting("TrimSpaceInChar", value=False)])


def keeps_rows(database: Database) -> bool:
    """Whether rows of *database* stay from one run to the next and are found again by their keys.

    >>> shop = Database("shop", "s", "Shop", "one", ("s",))
    >>> keeps_rows(shop), keeps_rows(Database("shop", "s", "Shop", "one", ("s",), deletes="soft"))
    (False, True)
    """
    policies = (database.deletes, *(rules.deletes for rules in database.tables))
    return database.deltas or any(policy in {"soft", "history"} for policy in policies)


def connection_attributes(engine: Engine, settings: Sequence[EndpointSetting]) -> str:
    """*settings* as the extra connection attributes of a source endpoint, in the order of their names.

    >>> given = [EndpointSetting("MultiSubnetFailover", True), EndpointSetting("ExecuteTimeout", 120)]
    >>> connection_attributes("sqlserver", given)
    'executeTimeout=120;multiSubnetFailover=Yes'
    """
    rules = rules_of(engine)
    ordered = sorted(settings, key=lambda one: one.name)
    return ";".join(f"{_attribute(one.name, rules[one.name])}={_text(one.value, rules[one.name])}" for one in ordered)


def _attribute(name: str, rule: SettingRule) -> str:
    return rule.attribute or name[0].lower() + name[1:]


def _text(value: SettingValue, rule: SettingRule) -> str:
    if isinstance(value, bool):
        return rule.words[0] if value else rule.words[1]
    return str(value)


@dataclass(frozen=True)
class OtherSetting:
    """A setting that an endpoint as read back has with another value than it should. *is_given*: the registry says
    what it should be; else it is DMS's default."""

    name: str
    found: str
    wanted: SettingValue
    is_given: bool

    @property
    def text(self) -> str:
        """The difference as a clause."""
        says = _shown(self.wanted) if self.is_given else f"nothing, which is {_shown(self.wanted)}"
        return f"{self.name} {self.found!r}, servers.yaml says {says}"

    @property
    def remedy(self) -> str:
        """What to do. Terraform takes no attribute away that was set by hand, or was in the registry once."""
        if self.is_given:
            return "Deploy, so that the endpoint is as the registry says."
        given = f"{self.name}: {_shown(self.wanted) if isinstance(self.wanted, bool) else self.wanted}"
        return f"Write `endpoint_settings: {{{given}}}` at that server, or what the endpoint has, and deploy."


def find_other_setting(
    engine: Engine, wanted: Sequence[EndpointSetting], attributes: str, members: Mapping[str, Any]
) -> OtherSetting | None:
    """The first setting of which an endpoint as read back differs from *wanted*, in the order of the list.

    *attributes*: its extra connection attributes; *members*: its engine's settings, among which DMS may show an
    attribute instead. What is shown nowhere is no difference, because what DMS shows is not documented. An attribute
    that nobody wants must have DMS's default.

    >>> find_other_setting("sqlserver", [EndpointSetting("ExecuteTimeout", 120)], "executeTimeout=60;", {}).text
    "ExecuteTimeout '60', servers.yaml says 120"
    >>> find_other_setting("sqlserver", [], "executeTimeout=120", {}).text
    "ExecuteTimeout '120', servers.yaml says nothing, which is 60"
    >>> find_other_setting("sqlserver", [EndpointSetting("MultiSubnetFailover", True)], "multisubnetfailover=yes", {})
    >>> find_other_setting("postgresql", [EndpointSetting("ExecuteTimeout", 120)], "", {"ExecuteTimeout": 60}).found
    '60'
    """
    pairs = (one.partition("=") for one in attributes.split(";"))
    shown = {name.strip().lower(): value.strip() for name, _, value in pairs}
    given = {one.name: one.value for one in wanted}
    for name, rule in rules_of(engine).items():
        value = given.get(name, rule.default)
        found = shown.get(_attribute(name, rule).lower(), members.get(name) if name in given else None)
        if value is not None and found is not None and _alike(str(found)) != _alike(_text(value, rule)):
            return OtherSetting(name, str(found), value, name in given)
    return None


_TRUTHS = {"yes": "true", "y": "true", "no": "false", "n": "false"}


def _alike(text: str) -> str:
    """*text* as DMS may give it back in another spelling: case, `-` for `_`, a word for another."""
    plain = text.lower().replace("_", "-")
    return _TRUTHS.get(plain, plain)
