"""The page of the night: one self-contained HTML file, made from a run's report and from nothing else."""

from fleet.report_page.page import render, say_verdict

__all__ = ["render", "say_verdict"]
