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


def say_bytes(count: int) -> str:
    """*count* bytes in the unit that a person reads, of 1,024 each.

    >>> say_bytes(512), say_bytes(8192), say_bytes(3 * 1024**2), say_bytes(5_600_000_000)
    ('512 bytes', '8 KB', '3 MB', '5.2 GB')
    """
    size, unit = float(count), "bytes"
    for larger in ("KB", "MB", "GB", "TB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:,.0f} {unit}" if unit in {"bytes", "KB"} or size >= 10 else f"{size:,.2g} {unit}"
