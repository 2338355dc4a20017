"""The line that each call of a handler leaves for CloudWatch to count."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from lambdas.entrypoint import Model, entrypoint
from lambdas.metrics import put_metric
from lambdas.wiring import LOCAL, Clients
from metric_lines import lines_written


class Asked(Model):
    run: str
    database: str


def test_a_number_is_found_by_its_namespace_name_and_dimensions_as_an_alarm_says_them() -> None:
    with lines_written() as lines:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        put_metric("DeltasOverdue", MetricUnit.Count, 2, {"fleet": "fleet"}, at, {"overdue": "a, b", "nothing": ""})
    (line,) = lines
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == "Fleet"
    assert [sorted(names) for names in described["Dimensions"]] == [["fleet", "service"]]
    assert (line["service"], line["fleet"], line["DeltasOverdue"], line["overdue"]) == ("fleet", "fleet", [2.0], "a, b")
    assert "nothing" not in line


def test_a_call_leaves_the_line_that_powertools_would_write() -> None:
    moments = iter([datetime(2026, 1, 1, 3, 0, 0, tzinfo=UTC), datetime(2026, 1, 1, 3, 0, 1, 500_000, tzinfo=UTC)])
    clients: Any = SimpleNamespace(now=lambda: next(moments))
    token = LOCAL.set(cast("Clients", clients))
    try:
        with lines_written() as lines:
            entrypoint("PollTask", Asked, lambda asked, _: asked)({"run": "night-1", "database": "nyc"}, None)
    finally:
        LOCAL.reset(token)
    wanted = EphemeralMetrics(namespace="Fleet", service="fleet")
    wanted.add_dimension("state", "PollTask")
    wanted.add_metadata("run", "night-1")
    wanted.add_metadata("database", "nyc")
    wanted.add_metric("StateMilliseconds", MetricUnit.Milliseconds, 1_500.0)
    line = wanted.serialize_metric_set()
    line["_aws"]["Timestamp"] = int(datetime(2026, 1, 1, 3, 0, 1, tzinfo=UTC).timestamp() * 1000) + 500
    assert lines == [line]
