"""Where the registry of the sample fleet lies, which is the repository's own."""

from __future__ import annotations

from pathlib import Path

SAMPLE_REGISTRY = Path(__file__).resolve().parent.parent / "registry"
