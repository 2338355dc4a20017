"""Everything that the local cloud, its sources and its faults declare of themselves, by service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from local.faults.catalogue import KINDS, Kind
from localcloud.behaviours import Behaviour, Section, read_behaviours
from localcloud.coverage.declarations import SECTIONS as LOCALCLOUD

_LOCAL = Path(__file__).parents[1]


def _faults(path: Path) -> Section:
    """From where it is known what a vendor does when each fault strikes. The file has a fault's name where the page has
    what `fleet faults` says of it."""
    section = read_behaviours(path)
    known = {one.name: one for one in section.behaviours}
    behaviours = tuple(_fault(kind, known.pop(kind.name)) for kind in KINDS.values())
    if known:
        raise ValueError(f"{path} declares {', '.join(known)}, and no fault has that name.")
    return replace(section, behaviours=behaviours)


def _fault(kind: Kind, declared: Behaviour) -> Behaviour:
    return replace(declared, name=f"`{kind.usage}`: {kind.happens} The night: {kind.night}")


SECTIONS = (
    *LOCALCLOUD,
    read_behaviours(_LOCAL / "sources" / "behaviours.yaml"),
    _faults(_LOCAL / "faults" / "behaviours.yaml"),
)


def named(name: str) -> tuple[Section, Behaviour]:
    """The one behaviour of that name, with its section."""
    (found,) = ((section, one) for section in SECTIONS for one in section.behaviours if one.name == name)
    return found
