"""Extra connection attributes of a source: which there are, and which of them would change what is read here.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html#CHAP_Source.PostgreSQL.ConnectionAttrib
and the same tables of the pages of MySQL and SQL Server (read 2026-12-01). That DMS refuses any other name, and by
which words, is observed: https://github.com/hashicorp/terraform-provider-aws/pull/29191 (read 2026-12-01).
"""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.in_process_transport import AwsError, NotEmulatedError

# By its name in small letters: the member of the engine's settings whose value decides here, or nothing. What has none
# is kept and shown, and changes nothing: how long DMS waits, how it comes to a server, and how it finds the log.
# What is refused would write to the source, or read other changes or types.
_REFUSED = "refused"
_POSTGRESQL = {
    **dict.fromkeys(
        ("captureddls", "ddlartifactsschema", "executetimeout", "fetchcachesize", "pluginname"),
        "",
    ),
    **dict.fromkeys(
        (
            *("consumemonotonicevents", "heartbeatenable", "heartbeatfrequency", "heartbeatschema"),
            *("mapunboundednumericasstring", "slotname", "unboundedvarcharmaxsize"),
        ),
        _REFUSED,
    ),
    "afterconnectscript": "AfterConnectScript",
    "disableunicodesourcefilter": "DisableUnicodeSourceFilter",
    "failtasksonlobtruncation": "FailTasksOnLobTruncation",
    "mapbooleanasboolean": "MapBooleanAsBoolean",
    "mapjsonbasclob": "MapJsonbAsClob",
    "maplongvarcharas": "MapLongVarcharAs",
    "trimspaceinchar": "TrimSpaceInChar",
}
_MYSQL = {
    **dict.fromkeys(("connectiontimeout", "eventspollinterval", "executetimeout", "ignoreopenxatransactionscheck"), ""),
    "afterconnectscript": "AfterConnectScript",
    "cleansrcmetadataonmismatch": "CleanSourceMetadataOnMismatch",
    "servertimezone": "ServerTimezone",
    "skiptablesuspensionforpartitionddl": _REFUSED,
}
_SQLSERVER = {
    **dict.fromkeys(
        (
            *("activatesafeguard", "alwaysonsharedsynchedbackupisenabled", "applicationintent", "connectiontimeout"),
            *("enablenonsysadminwrapper", "executetimeout", "fatalonsimplemodel", "multisubnetfailover"),
            *("safeguardpolicy", "setupmscdcfortables", "tlogaccessmode", "use3rdpartybackupdevice"),
        ),
        "",
    ),
    "forceloblookup": "ForceLobLookup",
    "readbackuponly": _REFUSED,
    "trimspaceinchar": "TrimSpaceInChar",
}
_KNOWN: Mapping[str, Mapping[str, str]] = {
    "PostgreSQLSettings": _POSTGRESQL,
    "MySQLSettings": _MYSQL,
    "MicrosoftSQLServerSettings": _SQLSERVER,
}


def read_attributes(text: str, settings: str) -> dict[str, str]:
    """The attributes in *text* that say the same as a member of the engine's *settings*, by that member's name.

    >>> read_attributes("executeTimeout=120;trimSpaceInChar=false;", "PostgreSQLSettings")
    {'TrimSpaceInChar': 'false'}

    Raises:
        AwsError: DMS has no such attribute of a source of that engine, or *text* is no list of them.
        NotEmulatedError: It is one that is not taken here with any value.
    """
    found: dict[str, str] = {}
    for one in filter(None, text.split(";")):
        name, equals, value = one.partition("=")
        member = _KNOWN[settings].get(name.lower())
        if member is None or not equals:
            raise AwsError(
                "InvalidParameterValueException", f"Unsupported value '{name}' for extra connection attributes"
            )
        if member == _REFUSED:
            raise NotEmulatedError(f"ExtraConnectionAttributes with {name} = {value}")
        if member:
            found[member] = value
    return found
