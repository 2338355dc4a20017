"""Foreign words made fit to be a part of our sentences: some end with a full stop, some do not, some have lines."""

from __future__ import annotations

_ENDS = (".", "!", "?", ":", ";")


def as_clause(words: str) -> str:
    """*words* on one line, without a full stop at the end, for the middle of a sentence of ours.

    >>> as_clause("Login failed for user 'dms'. "), as_clause("no route\\n  to host"), as_clause("and so on ...")
    ("Login failed for user 'dms'", 'no route to host', 'and so on ...')
    """
    line = " ".join(words.split())
    return line if line.endswith("...") else line.rstrip(".").rstrip()


def end_sentence(words: str) -> str:
    """*words*, ended once.

    >>> end_sentence("It failed"), end_sentence("It failed."), end_sentence("Who started it?"), end_sentence("It is..")
    ('It failed.', 'It failed.', 'Who started it?', 'It is.')
    """
    words = words.rstrip()
    if words.endswith("..") and not words.endswith("..."):
        return words[:-1]
    return words if not words or words.endswith(_ENDS) else f"{words}."
