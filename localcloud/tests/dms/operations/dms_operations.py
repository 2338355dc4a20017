"""The operations of DMS that its stand-in declares as emulated."""

from __future__ import annotations

from pathlib import Path

from localcloud import dms
from localcloud.behaviours import read_behaviours
from localcloud.coverage.tables import operations_of

ANSWERED = tuple(
    one.name
    for one in read_behaviours(Path(dms.__file__).with_name("behaviours.yaml")).behaviours
    if one.name in operations_of("dms") and not one.is_refused
)
