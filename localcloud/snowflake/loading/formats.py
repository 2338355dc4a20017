"""File formats: the options that mean what COPY and INFER_SCHEMA do here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.snowflake.errors import not_emulated

# Format options that we carry, with the values that mean what happens here.
FORMAT = {
    "TYPE": {"PARQUET"},
    "USE_VECTORIZED_SCANNER": {"TRUE"},
    "COMPRESSION": {"AUTO", "SNAPPY", "NONE"},
    "BINARY_AS_TEXT": {"FALSE"},
    "USE_LOGICAL_TYPE": {"TRUE"},
    "TRIM_SPACE": {"FALSE"},
    "REPLACE_INVALID_CHARACTERS": {"FALSE"},
}


def check_format(given: Mapping[str, Any]) -> None:
    """Refuse the options of a file format that would mean something which does not happen here."""
    for option, value in given.items():
        if option not in FORMAT or str(value).upper() not in FORMAT[option]:
            raise not_emulated(f"{option}={value} in a file format")
