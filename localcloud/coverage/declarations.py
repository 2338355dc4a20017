"""Everything that the stand-ins declare of themselves, by service: the one place that knows all of their files."""

from __future__ import annotations

from pathlib import Path

from localcloud.behaviours import read_behaviours

_FILES = (
    "dms/behaviours.yaml",
    "stepfunctions/behaviours.yaml",
    "snowflake/behaviours.yaml",
    "http/behaviours.yaml",
    "moto_fast_path/behaviours.yaml",
    "authorization/iam_behaviours.yaml",
    "authorization/behaviours.yaml",
    "lambda_service/behaviours.yaml",
    "deliveries/behaviours.yaml",
    "behaviours.yaml",
)
SECTIONS = tuple(read_behaviours(Path(__file__).parents[1] / one) for one in _FILES)
