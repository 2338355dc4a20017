"""What the entry of a server says about the settings of its endpoints, and what its databases bear of them."""

from __future__ import annotations

from collections.abc import Iterable

from fleet.databases import Database, EndpointSetting, Server
from fleet.dms.endpoint_settings import find_unfit, find_value_changes, keeps_rows, rules_of
from fleet.spelling import list_some
from onboarding.fields import Entry

_KEY = "endpoint_settings"


def note_endpoint_settings(entry: Entry[Server]) -> None:
    """Settings that DMS has not for the server's engine, or that are not taken."""
    engine, hosting = entry.fields.get("engine"), entry.fields.get("hosting")
    settings: tuple[EndpointSetting, ...] = entry.fields.get(_KEY, ())
    if engine is None:
        return
    for one in settings:
        rule = rules_of(engine).get(one.name)
        text = find_unfit(engine, one)
        if not text and rule is not None and rule.is_self_managed and hosting not in (None, "self-managed"):
            text = f"is for self-managed servers, and `hosting` is {hosting!r}. Remove one of the two."
        if text:
            entry.note((_KEY, one.name), f": `{_KEY}.{one.name}` {text}")


def note_changed_values(entry: Entry[Server], databases: Iterable[Entry[Database]]) -> None:
    """A setting that gives values another form, on a server with databases whose rows stay from run to run."""
    if not (changing := find_value_changes(entry.fields.get(_KEY, ()))):
        return
    of_it = (one for one in databases if one.complete and one.fields["server"] == entry.fields.get("id"))
    if not (keeping := [one.fields["id"] for one in of_it if keeps_rows(one.build())]):
        return
    for name in changing:
        entry.note(
            (_KEY, name),
            f": `{_KEY}.{name}` gives values another form, and rows of {list_some(keeping)} stay from run to run "
            "(`deltas`, `deletes`): those that have arrived would no longer be found by their keys. Remove it, or give "
            "those databases an entry of the server without it.",
        )
