"""The registry's files as JSON Schema, by which an editor completes, explains and checks what a person writes.

The dataclasses say which keys there are, and the comment at the head of a file what each of a list's entries means.
A database inherits, so that but for its id none of its keys need be there.
What no schema can say (references, names that are taken, quotas) is found when the registry is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, get_args

from pydantic import TypeAdapter

from fleet.databases import Database, EndpointSetting, Engine, Server, Settings
from fleet.dms.endpoint_settings import rules_of
from onboarding.layers import OWN
from onboarding.reader import (
    DATABASES_FILE,
    FAMILIES_FILE,
    OF_EVERY_DATABASE,
    OF_THE_PROFILE,
    SERVERS_FILE,
    SETTINGS_FILE,
)

FOLDER = "schema"
"""Where they lie below the registry's folder, as the first line of each of its files names them."""
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_OF_FILES: Mapping[str, Any] = {
    DATABASES_FILE: tuple[Database, ...],
    FAMILIES_FILE: tuple[Database, ...],
    SERVERS_FILE: tuple[Server, ...],
    SETTINGS_FILE: Settings,
}
_KEY = re.compile(r"^# ([a-z_]+) +(\S.*)$")
_FURTHER = re.compile(r"^#  +(\S.*)$")

Schema = dict[str, Any]


def schema_name(file: str) -> str:
    """The schema of the registry's *file*.

    >>> schema_name("databases.yaml")
    'databases.json'
    """
    return file.replace(".yaml", ".json")


def schemas(texts: Mapping[str, str]) -> dict[str, Schema]:
    """The schema of each file by its name. *texts*: of the registry's files, whose comments explain the keys."""
    found = {file: _tidy(TypeAdapter(of).json_schema()) for file, of in _OF_FILES.items()}
    database = _entry_of(found[DATABASES_FILE])
    database["required"] = ["id"]
    database["properties"] = _described(database["properties"], texts[DATABASES_FILE])
    server = _entry_of(found[SERVERS_FILE])
    server["properties"]["endpoint_settings"] = _settings_of_endpoints()
    found[SERVERS_FILE]["$defs"].pop(EndpointSetting.__name__)
    server["properties"] = _described(server["properties"], texts[SERVERS_FILE])
    of_family = {name: one for name, one in database["properties"].items() if name == "id" or name not in OWN}
    _entry_of(found[FAMILIES_FILE]).update({"properties": of_family, "required": ["id"]})
    of_every = {name: one for name, one in of_family.items() if name not in ("id", *OF_THE_PROFILE)}
    settings = found[SETTINGS_FILE]
    settings["properties"][OF_EVERY_DATABASE] = {
        "type": "object",
        "properties": of_every,
        "additionalProperties": False,
    }
    definitions = found[DATABASES_FILE].get("$defs", {})
    settings["$defs"] |= {name: one for name, one in definitions.items() if name != Database.__name__}
    return {file: {"$schema": _DRAFT, **schema} for file, schema in found.items()}


def _settings_of_endpoints() -> Schema:
    """A mapping of the settings of all engines; that one is of another engine is found when the registry is read."""
    types = {bool: "boolean", int: "integer", str: "string"}
    known = {name: rule for engine in get_args(Engine) for name, rule in rules_of(engine).items()}
    properties: dict[str, Schema] = {name: {"type": types[rule.of]} for name, rule in sorted(known.items())}
    for name, rule in known.items():
        if rule.values:
            properties[name]["enum"] = [one for one in rule.values if one not in rule.refused]
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _described(keys: Mapping[str, Schema], text: str) -> dict[str, Schema]:
    """*keys*, each with what the comment of the file that holds *text* says of it."""
    said = read_comments(text, keys)
    return {name: {**one, **({"description": said[name]} if name in said else {})} for name, one in keys.items()}


def read_comments(text: str, keys: Collection[str]) -> dict[str, str]:
    """What the comment at the head of *text* says of each of *keys*.

    >>> read_comments("# Ours.\\n#\\n# id      words joined\\n#         by hyphens\\n# server  its host\\n", ["id"])
    {'id': 'words joined by hyphens'}
    """
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if (match := _KEY.match(line)) and match[1] in keys:
            name = match[1]
            found[name] = match[2]
        elif name and (further := _FURTHER.match(line)):
            found[name] += f" {further[1]}"
        else:
            name = ""
    return found


def _entry_of(schema: Schema) -> Schema:
    """The object that a file, or each entry of its list, is."""
    of = schema.get("items", schema)
    name = of.get("$ref", "").rpartition("/")[2]
    return schema["$defs"][name] if name else of


def _tidy(part: Any) -> Any:
    """*part* without what the registry does not take (keys of other names, nulls) and editors do not need."""
    if isinstance(part, list):
        return [_tidy(one) for one in part]
    if not isinstance(part, dict):
        return part
    tidy = {name: _tidy(one) for name, one in part.items() if name != "title" or isinstance(one, dict)}
    if "anyOf" in tidy:
        others = [one for one in tidy.pop("anyOf") if one.get("type") != "null"]
        tidy |= others[0] if len(others) == 1 else {"anyOf": others}
    if tidy.get("default", "") is None:
        del tidy["default"]
    if tidy.get("type") == "object":
        tidy.pop("description", None)  # that of the dataclass, for who reads the code
        tidy["additionalProperties"] = False
    return tidy
