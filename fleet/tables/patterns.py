"""Patterns of names in the registry: `*` is any number of characters, `[*]` the character itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

_STAR = re.compile(r"(\[\*\]|\*)")
_IN_NO_NAME = "\ue000"  # of Unicode's private use


def is_pattern(text: str) -> bool:
    """Whether *text* may match more than one name.

    >>> is_pattern("public.log*"), is_pattern("public.log"), is_pattern("public.a[*]b")
    (True, False, False)
    """
    return "*" in text.replace("[*]", "")


def literal(name: str) -> str:
    """The pattern that matches *name* alone.

    >>> literal("public.a*b")
    'public.a[*]b'
    """
    return name.replace("*", "[*]")


def matches(pattern: str, name: str, *, ignores_case: bool = False) -> bool:
    """Whether *pattern* matches the whole *name*, dots included.

    >>> matches("public.log*", "public.log_2026"), matches("*.log", "public.LOG"), matches("*.a[*]b", "s.a*b")
    (True, False, True)
    >>> matches("*.*.Password", "dbo.users.PASSWORD", ignores_case=True)
    True
    """
    return _compiled(pattern, ignores_case).fullmatch(name) is not None


def any_matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of *patterns* matches *name*; case counts."""
    return any(matches(pattern, name) for pattern in patterns)


@lru_cache(maxsize=1024)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """What answers, of a name, whether one of *patterns* matches it, whatever the case: for many names.

    >>> [bool(matcher(("*.pin", "s.t.a*"))(name)) for name in ("s.t.PIN", "s.t.abc", "s.t.x")]
    [True, True, False]
    """
    return re.compile("|".join(map(_text, patterns)), re.DOTALL | re.IGNORECASE).fullmatch


def name_like(pattern: str) -> str:
    """A name that *pattern* matches, and others only where their `*` are as wide: they match all that it matches.

    >>> name = name_like("public.log_*")
    >>> [matches(one, name) for one in ("public.log_*", "*.l*", "public.log_a*", "public.log_[*]")]
    [True, True, False, False]
    """
    return "".join(_IN_NO_NAME if part == "*" else "*" if part == "[*]" else part for part in _STAR.split(pattern))


def may_match_within(pattern: str, name: str, *, ignores_case: bool = True) -> bool:
    """Whether *pattern* may match *name*, a dot and more: of a table's name, a column of it; of a schema's, a table.

    >>> patterns = ("*.*.password", "dbo.u*", "*", "dbo.user.ssn", "dbo.users")
    >>> [may_match_within(one, "dbo.users") for one in patterns]
    [True, True, True, False, False]
    """
    return any(matches(pattern[:end], f"{name}.", ignores_case=ignores_case) for end in range(len(pattern) + 1))


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    return re.compile(_text(pattern), re.DOTALL | (re.IGNORECASE if ignores_case else 0))


def _text(pattern: str) -> str:
    parts = _STAR.split(pattern)
    return "".join(".*" if part == "*" else re.escape("*" if part == "[*]" else part) for part in parts)
