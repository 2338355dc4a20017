"""The registry as the night sees it: one text with the flags in force.

The deployment writes it to the control bucket and PlanRun reads only that: a Lambda sees neither the files nor the
pipeline's environment (docs/design.md 2).
"""

from __future__ import annotations

import json

from pydantic import TypeAdapter, ValidationError

from fleet.databases import Registry
from fleet.errors import RegistryError

_ADAPTER = TypeAdapter(Registry)


def effective_json(registry: Registry) -> str:
    """*registry* as compact JSON with sorted keys. Equal registries, equal texts."""
    return json.dumps(
        _ADAPTER.dump_python(registry, mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def read_effective(text: str) -> Registry:
    """The registry that `effective_json` wrote.

    Raises:
        RegistryError: The text is none; it says where.
    """
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the text itself"
        raise RegistryError(
            f"the effective registry cannot be read: at {place}: {first['msg']}.",
            remedy="Deploy again: what wrote it and what reads it must be of one version.",
        ) from None
