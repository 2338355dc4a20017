"""What a stand-in claims of itself, in a `behaviours.yaml` beside its code. Pages and tests are written from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

Trust = Literal["documented", "observed", "assumed", ""]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML was built with it: ten times as fast
_TEXTS = ("name", "trust", "source", "test", "verify", "reason")


class MalformedBehavioursError(Exception):
    """A file of behaviours has something that cannot be read; the message says where, what and what to write."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One thing that a stand-in does as the vendor's service does it, or refuses to do.

    *name*: an operation as the service's model spells it, or a sentence. *trust*: whether the vendor documents it,
    others observed it in public, or we assume it; nothing for what is refused. *source*: a URL, or a place in the
    project's reference ("docs/facts/dms.md 4.2"). *test*: the node id of a test that holds it, as
    "localcloud/tests/dms/operations/test_dms_api.py::test_name". *verify*: the command that settles it on a real
    account, for what is assumed; `docs/to-verify-on-aws.md` lists these. *reason*: why no command settles what is
    assumed.
    What is neither trusted nor refused (`refused: true`) differs: it is taken, and done in our own way or not at all.
    """

    name: str
    trust: Trust = ""
    source: str = ""
    test: str = ""
    verify: str = ""
    reason: str = ""
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """All behaviours of one part. *place*: its code. *service*: boto3's name, if it is a service of AWS whose
    operations are declared one by one."""

    title: str
    place: str
    behaviours: tuple[Behaviour, ...]
    service: str = ""


def read_behaviours(path: Path) -> Section:
    """The section that *path* declares.

    Raises:
        MalformedBehavioursError: It is no YAML, lacks a field, or has one that is unknown or of another type.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 - a safe loader, either of two
    except yaml.YAMLError as error:
        raise MalformedBehavioursError(f"{path} is no YAML: {error}") from None
    fields = _fields(document, str(path), ("title", "place", "service"), ("behaviours",), needed=("title", "place"))
    entries = fields.pop("behaviours", None)
    if not isinstance(entries, list):
        raise MalformedBehavioursError(f"{path}: behaviours is {entries!r}. Make it a list.")
    return Section(
        **fields, behaviours=tuple(_behaviour(one, f"{path}, entry {at}") for at, one in enumerate(entries, 1))
    )


def _behaviour(entry: Any, place: str) -> Behaviour:
    fields = _fields(entry, place, _TEXTS, ("refused",), needed=("name",))
    place = f'{place} ("{fields["name"]}")'
    is_refused = fields.pop("refused", False)
    if not isinstance(is_refused, bool):
        raise MalformedBehavioursError(f"{place}: refused is {is_refused!r}. Make it true, or leave it out.")
    if fields.get("trust", "") not in get_args(Trust):
        known = ", ".join(filter(None, get_args(Trust)))
        raise MalformedBehavioursError(
            f"{place}: trust is {fields['trust']!r}. Make it one of {known}, or leave it out."
        )
    return Behaviour(**fields, is_refused=is_refused)


def _fields(
    document: Any, place: str, texts: tuple[str, ...], others: tuple[str, ...], *, needed: tuple[str, ...]
) -> dict[str, Any]:
    """The fields of *document*: no others than these, *texts* being texts, and *needed* among them."""
    if not isinstance(document, Mapping):
        raise MalformedBehavioursError(f"{place} is {document!r}. Make it a mapping of {', '.join(texts + others)}.")
    if unknown := sorted(map(str, set(document) - {*texts, *others})):
        raise MalformedBehavioursError(
            f"{place} has the unknown field {unknown[0]}. Known are {', '.join(texts + others)}."
        )
    for name in texts:
        if name in document and not isinstance(document[name], str):
            raise MalformedBehavioursError(f"{place}: {name} is {document[name]!r}. Make it a text: put it in quotes.")
    if missing := [name for name in needed if not document.get(name)]:
        raise MalformedBehavioursError(f"{place} has no {missing[0]}. Add it.")
    return dict(document)
