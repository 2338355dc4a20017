"""Foreign words made fit to be a part of our sentences: some end with a full stop, some do not, some have lines."""

from __future__ import annotations

_ENDS = (".", "!", "?", ":")


def as_clause(words: str) -> str:
    """*words* on one line, without a full stop at the end, for the middle of a sentence of ours.

    >>> as_clause("Login failed for user 'dms'. "), as_clause("no route\\n  to host"), as_clause("and so on ...")
    ("Login failed for user 'dms'", 'no route to host', 'and so on ...')
    """
    line = " ".join(words.split())
    return line if line.endswith("..") else line.removesuffix(".").rstrip()


def end_sentence(words: str) -> str:
    """*words* on one line, ended once.

    >>> end_sentence("It failed"), end_sentence("It failed."), end_sentence("Who started it?"), end_sentence("wait ...")
    ('It failed.', 'It failed.', 'Who started it?', 'wait ...')
    """
    line = " ".join(words.split())
    return line if line.endswith(_ENDS) else f"{line}."
