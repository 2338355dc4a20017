"""The one account and the one Region of a local cloud."""

from __future__ import annotations

ACCOUNT = "123456789012"  # moto's own
REGION = "eu-central-1"
