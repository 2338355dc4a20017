"""What a local cloud has used so far: its processes, and PostgreSQL's apart."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Spent:
    """CPU seconds of PostgreSQL's processes, and of a process with the others that it started; the most memory that
    the process has had, and that each of the others has had that are there, together.
    """

    ours: float
    postgres: float
    own_megabytes: float
    others_megabytes: float

    @property
    def peak_megabytes(self) -> float:
        """All together."""
        return self.own_megabytes + self.others_megabytes


def spent(process: psutil.Process) -> Spent:
    """So far, by *process* and all that it started."""
    times = process.cpu_times()
    ours, postgres, others = times.user + times.system, 0.0, 0.0
    for one in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess, FileNotFoundError):  # a server's for a connection may go at any time
            times, seconds = one.cpu_times(), sum(one.cpu_times()[:2])
            if one.name().startswith("postgres"):
                # The server's first process has waited for those that served a connection.
                postgres += seconds + times.children_user + times.children_system
            else:
                ours += seconds
                others += _peak_megabytes(one)
    return Spent(ours, postgres, _peak_megabytes(process), others)


def _peak_megabytes(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
