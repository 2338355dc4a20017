"""PostgreSQL's SQLSTATEs.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html ("PostgreSQL Error Codes").
"""

from __future__ import annotations

from fleet.failures import FailureClass

QUERY_CANCELED = "57014"
"""What `statement_timeout` and a cancelled statement raise."""
NO_TEXT = {"22021", "22P05"}
"""character_not_in_repertoire and untranslatable_character: bytes that are no text of the encoding asked for."""

_STATES: dict[str, FailureClass] = {
    "3D000": "mapping_empty",  # invalid_catalog_name: there is no such database
    "42501": "credentials",  # insufficient_privilege
    "42P01": "table_error",  # undefined_table
    "57014": "table_error",  # query_canceled
    "57P01": "connection",  # admin_shutdown
    "57P02": "connection",  # crash_shutdown
    "57P03": "connection",  # cannot_connect_now: it starts up or shuts down
    "57P04": "mapping_empty",  # database_dropped
    "57P05": "connection",  # idle_session_timeout
}

# The first two characters, where the five are not above.
_CLASSES: dict[str, FailureClass] = {
    "08": "connection",  # connection exception
    "21": "table_error",  # cardinality violation: a view's subquery gives two rows
    "22": "table_error",  # data exception: a view divides by zero, bytes are no text of the encoding, ...
    "25": "connection",  # invalid transaction state: idle_in_transaction_session_timeout, ...
    "28": "credentials",  # invalid authorization specification
    "38": "table_error",  # external routine exception
    "39": "table_error",  # external routine invocation exception
    "3F": "table_error",  # invalid schema name: it was dropped in between
    "40": "table_error",  # transaction rollback: serialization_failure, deadlock_detected
    "42": "table_error",  # syntax error or access rule violation: a view calls what is not there any more, ...
    "53": "connection",  # insufficient resources: disk_full, out_of_memory, too_many_connections
    "54": "table_error",  # program limit exceeded: statement_too_complex, ...
    "55": "table_error",  # object not in prerequisite state: a materialised view without rows, a lock not given
    "57": "connection",  # operator intervention
    "58": "table_error",  # system error: a file of the table cannot be read
    "F0": "connection",  # configuration file error
    "HV": "table_error",  # foreign data wrapper error: a foreign table's own server
    "P0": "table_error",  # PL/pgSQL error: a function that a view calls raised it
    "XX": "table_error",  # internal error: data_corrupted, index_corrupted
}


def classify_state(state: str) -> FailureClass:
    """The class of an error with SQLSTATE *state*, or `unknown`.

    >>> classify_state("28P01"), classify_state("53300"), classify_state("22012"), classify_state("0A000")
    ('credentials', 'connection', 'table_error', 'unknown')
    """
    return _STATES.get(state) or _CLASSES.get(state[:2], "unknown")
