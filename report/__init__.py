"""The page of the night, one self-contained HTML file, and the message about it: made from a run's report alone."""

from report.message import compose_message
from report.page import render

__all__ = ["compose_message", "render"]
