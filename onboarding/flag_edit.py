"""The flag `onboarded` of entries, changed in the text of databases.yaml, of which nothing else changes."""

from __future__ import annotations

from collections.abc import Collection

from onboarding.entry_edit import EntryChange, edit


def set_flags(text: str, ids: Collection[str], *, onboarded: bool) -> str:
    """*text*, a registry's list of databases that can be read, in which the entries with *ids* have that flag.

    >>> print(set_flags("- id: shop\\n  onboarded: no  # not yet\\n- {id: crm}\\n", {"shop", "crm"}, onboarded=True))
    - id: shop
      onboarded: true  # not yet
    - {id: crm, onboarded: true}
    <BLANKLINE>
    """
    return edit(text, [EntryChange(one, ("onboarded",), onboarded, after="id") for one in sorted(ids)])
