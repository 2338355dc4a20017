"""Metrics, each a line of the log that CloudWatch reads a number out of.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from fleet.names import METRICS

metrics_log = logging.getLogger("fleet.metrics")
"""Writes each message unchanged, one line a call."""
metrics_handler = logging.StreamHandler(sys.stdout)
metrics_log.addHandler(metrics_handler)
metrics_log.setLevel(logging.INFO)
metrics_log.propagate = False


def put_metric(
    name: str, unit: MetricUnit, value: float, dimensions: Mapping[str, str], at: datetime, found: Mapping[str, Any]
) -> None:
    """One number. *dimensions*: beside `service`, what an alarm names it by. *found*: goes along, for who reads it."""
    metrics = EphemeralMetrics(namespace=METRICS, service="fleet")
    for key, text in dimensions.items():
        metrics.add_dimension(key, text)
    for key, text in found.items():
        if text:
            metrics.add_metadata(key, text)
    metrics.add_metric(name, unit, value)
    line: Any = metrics.serialize_metric_set()
    # Its own `set_timestamp` warns of a time that is far from this machine's; a local cloud's clock may be.
    line["_aws"]["Timestamp"] = int(at.timestamp() * 1000)
    metrics_log.info(json.dumps(line, separators=(",", ":")))
