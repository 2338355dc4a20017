"""What a proof has measured: figures, printed last."""

from __future__ import annotations

from collections.abc import Sequence

Figure = tuple[str, str, bool]
"""What was measured, the value as a person reads it, and whether that is enough."""


def print_figures(figures: Sequence[Figure]) -> int:
    """Print *figures*; the exit code of the proof, which is 1 if one falls short."""
    print("\nFigures")
    for what, value, is_good in figures:
        print(f"  {'ok  ' if is_good else 'FAIL'} {what}{': ' + value if value else ''}")
    short = sum(not is_good for _, _, is_good in figures)
    print(f"{len(figures)} figures, {short} fall short")
    return 1 if short else 0
