"""Whatever sequence of calls a client makes, DMS answers as its model says and its things pass the states AWS allows.

`python -m bench.dms_sequences` makes ten thousand of them.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from localcloud.tests.dms.operations.dms_random_client import BrokenError, Client, Seen
from localcloud.tests.dms.operations.dms_sequences import STEPS, Step, run

_SEEN = Seen()


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(STEPS)
def test_no_sequence_of_calls_leads_where_aws_does_not(steps: list[Step]) -> None:
    run(steps, _SEEN)


def test_a_state_that_may_not_follow_is_noticed() -> None:
    with pytest.raises(BrokenError, match="running became ready"):
        Client(Seen()).changed("replication-task", "running", "ready")
