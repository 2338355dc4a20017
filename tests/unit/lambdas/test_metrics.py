"""The line that each call of a handler leaves for CloudWatch to count."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lambdas.entrypoint import Model, entrypoint, metrics_log
from lambdas.wiring import LOCAL, Clients


class Asked(Model):
    run: str
    database: str


def test_a_call_leaves_the_line_that_powertools_would_write() -> None:
    lines: list[str] = []
    collector = logging.Handler()
    collector.emit = lambda record: lines.append(record.getMessage())
    metrics_log.addHandler(collector)
    moments = iter([datetime(2026, 1, 1, 3, 0, 0, tzinfo=UTC), datetime(2026, 1, 1, 3, 0, 1, 500_000, tzinfo=UTC)])
    clients: Any = SimpleNamespace(now=lambda: next(moments))
    token = LOCAL.set(cast("Clients", clients))
    try:
        entrypoint("PollTask", Asked, lambda asked, _: asked)({"run": "night-1", "database": "nyc"}, None)
    finally:
        LOCAL.reset(token)
        metrics_log.removeHandler(collector)
    wanted = EphemeralMetrics(namespace="Fleet", service="fleet")
    wanted.add_dimension("state", "PollTask")
    wanted.add_metadata("run", "night-1")
    wanted.add_metadata("database", "nyc")
    wanted.add_metric("StateMilliseconds", MetricUnit.Milliseconds, 1_500.0)
    line = wanted.serialize_metric_set()
    line["_aws"]["Timestamp"] = int(datetime(2026, 1, 1, 3, 0, 1, tzinfo=UTC).timestamp() * 1000) + 500
    assert [json.loads(one) for one in lines] == [line]
