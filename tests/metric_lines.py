"""What functions write for CloudWatch, caught."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lambdas.metrics import metrics_log


@contextmanager
def lines_written() -> Iterator[list[dict[str, Any]]]:
    """What is written for CloudWatch meanwhile."""
    lines: list[dict[str, Any]] = []
    collector = logging.Handler()
    collector.emit = lambda record: lines.append(json.loads(record.getMessage()))
    metrics_log.addHandler(collector)
    try:
        yield lines
    finally:
        metrics_log.removeHandler(collector)
