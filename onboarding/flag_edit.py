"""The flag `onboarded` of entries, changed in the text of databases.yaml, of which nothing else changes."""

from __future__ import annotations

from collections.abc import Collection

import yaml
from yaml import MappingNode, SequenceNode

Edit = tuple[int, int, str]
"""From where to where in a text, and what comes there."""


def set_flags(text: str, ids: Collection[str], *, onboarded: bool) -> str:
    """*text*, a registry's list of databases that can be read, in which the entries with *ids* have that flag.

    >>> print(set_flags("- id: shop\\n  onboarded: no  # not yet\\n- {id: crm}\\n", {"shop", "crm"}, onboarded=True))
    - id: shop
      onboarded: true  # not yet
    - {id: crm, onboarded: true}
    <BLANKLINE>
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)  # not libyaml's: its places are those of bytes
    entries = root.value if isinstance(root, SequenceNode) else []
    edits = [_edit(text, entry, onboarded=onboarded) for entry in entries if _id_of(entry) in ids]
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text


def _id_of(entry: yaml.Node) -> str:
    pairs = entry.value if isinstance(entry, MappingNode) else []
    return next((value.value for key, value in pairs if key.value == "id"), "")


def _edit(text: str, entry: MappingNode, *, onboarded: bool) -> Edit:
    """What changes of one *entry*: its flag, or where it has none, what comes after its id."""
    word = "true" if onboarded else "false"
    found = {key.value: (key, value) for key, value in entry.value}
    if "onboarded" in found:
        value = found["onboarded"][1]
        return value.start_mark.index, value.end_mark.index, word
    key, value = found["id"]
    if entry.flow_style:
        return value.end_mark.index, value.end_mark.index, f", onboarded: {word}"
    end = text.find("\n", value.end_mark.index)
    end = len(text) if end < 0 else end
    if text[end - 1 : end] == "\r":
        end -= 1
    line_end = "\r\n" if text[end : end + 2] == "\r\n" else "\n"
    return end, end, f"{line_end}{' ' * key.start_mark.column}onboarded: {word}"
