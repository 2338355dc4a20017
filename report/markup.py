"""HTML as values: whatever is not `Html` already is escaped, so that no name of a table can become markup."""

from __future__ import annotations

import html
import json
import re
from typing import Any

# What a document may not hold in any spelling: control characters, lone surrogates, non-characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"meta", "input", "br"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def escape(text: str) -> Html:
    """*text* as it is between tags or in a quoted attribute; what a document may not hold becomes U+FFFD.

    >>> escape('</script><b title="a">')
    '&lt;/script&gt;&lt;b title=&quot;a&quot;&gt;'
    """
    return text if isinstance(text, Html) else Html(html.escape(_FORBIDDEN.sub("\ufffd", text), quote=True))


def element(name: str, /, *children: str, **attributes: str | int | bool | None) -> Html:
    """One element. `class_` is class, `data_x` is data-x; an attribute that is None or False is left out.

    >>> element("p", "a < b", class_="note", hidden=True)
    '<p class="note" hidden>a &lt; b</p>'
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: str, by: str = "") -> Html:
    """The parts one after the other, each escaped unless it is markup."""
    return Html(escape(by).join(escape(part) for part in parts))


def name_of(text: str) -> Html:
    """A name that came from outside, kept apart from the direction of the text around it."""
    return element("bdi", text)


def embedded_json(value: Any) -> Html:
    """*value* as JSON for a script element: plain ASCII, without a character that could end the element.

    >>> embedded_json(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
