"""The suites' surroundings. The product's tests have the same, from the same plugin."""

from __future__ import annotations

pytest_plugins = ["localcloud.tests.pytest_plugin"]
