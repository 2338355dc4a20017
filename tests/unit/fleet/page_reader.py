"""The page of the night, taken apart for tests."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """A document taken apart: its tags in order, its texts by the tags they stand in, what is out of balance."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))

    def attributes(self, name: str) -> list[str]:
        """Every value of an attribute, in order."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    @property
    def headline(self) -> str:
        """The page's title on the page."""
        return "".join(text for tags, text in self.texts if "h1" in tags)

    def inputs(self) -> list[dict[str, Any]]:
        """Every input that the page offers for pasting."""
        codes = [text for tags, text in self.texts if tags[-1:] == ("code",) and text.startswith("{")]
        return [json.loads(code) for code in codes]

    def data(self) -> dict[str, Any]:
        """What the script is given."""
        (text,) = (text for tags, text in self.texts if tags[-1:] == ("script",) and text.startswith('{"databases"'))
        return json.loads(text)
