"""Random sequences of DMS calls against the local DMS: `python -m bench.dms_sequences --sequences 10000`.

Prints what was done; exits 1 when an answer, a state or an exception was met that AWS rules out, with the shortest
sequence of calls that leads there.
"""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import HealthCheck, Phase, given, seed, settings

# The client belongs to the tests, which make a small share of these sequences.
from localcloud.tests.dms.operations.dms_random_client import BrokenError, Seen
from localcloud.tests.dms.operations.dms_sequences import STEPS, Step, run


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--outcomes", action="store_true", help="print how often each operation had each outcome")
    options = parser.parse_args(arguments)
    seen = Seen()

    @seed(options.seed)
    @settings(
        max_examples=options.sequences,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def every_sequence_holds(steps: list[Step]) -> None:
        run(steps, seen)

    started, cpu_started = time.monotonic(), time.process_time()
    try:
        every_sequence_holds()
    except BrokenError as error:
        print(f"broken after {seen.sequences} sequences, by:\n{error}")
        return 1
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_started
    if options.outcomes:
        for (operation, outcome), times in sorted(seen.outcomes.items()):
            print(f"{times:8}  {operation}  {outcome}")
    operations = {operation for operation, _ in seen.outcomes}
    print(
        f"{seen.sequences} sequences, {seen.calls} calls, {len(operations)} operations, "
        f"{len(seen.outcomes)} operations x outcomes, {seconds:.1f} s ({cpu_seconds:.1f} s of CPU): "
        "nothing that AWS rules out"
    )
    return 0 if seen.sequences >= options.sequences else 1


if __name__ == "__main__":
    sys.exit(main())
