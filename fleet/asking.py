"""How long a question to a source may take. Each of these outlasts the one before, so that nobody gives up on a
question that is still worked on: a statement at the source, the function AskSource, the client that waits for it.

The functions that call that client last longer again (`orchestration/asl`); a test holds the whole chain.
"""

from __future__ import annotations

CONNECT_SECONDS = 10
"""For the connection to a source, before the login."""

CATALOGUE_SECONDS = 120
"""For each statement that reads a catalogue. The server ends it then."""

FACTS_SECONDS = 20
"""For each statement that asks what a server is, and for each view that is tried."""

LONGEST_COUNT_SECONDS = 180
"""The most that `limits.count_table_seconds` may be."""

GRACE_SECONDS = 10
"""How much longer than the server's own time-out a driver waits: for a server that has fallen silent."""

COUNTING_SECONDS = 220
"""Of one call of AskSource: no count begins that could take longer than this, from the call's beginning."""

ASK_SOURCE_SECONDS = 240
"""How long the function AskSource may run."""

CLIENT_SECONDS = 250
"""How long its caller waits for it."""

ASKED_AT_MOST = 2
"""How often one handler asks the same: a second time only where AskSource's process died, never after a time-out."""

NOT_BACK = "AnswerNotBack"
"""The name of the failure where a question was asked and no answer came in time. It is not asked again."""

BROKEN = "AskSourceBroken"
"""The name of the failure where AskSource itself broke: nothing is known of the source."""
