"""What is said of a source that does not answer."""

from __future__ import annotations

import pg8000.native

from lambdas.sources.postgresql import describe_failure


def test_a_refusal_is_reported_even_where_the_source_hung_up_before_the_goodbye() -> None:
    # As pg8000 raises it: the refusal is read, the goodbye meets a closed connection.
    broken = BrokenPipeError(32, "Broken pipe")
    broken.__context__ = pg8000.native.DatabaseError({"M": 'password authentication failed for user "dms"'})
    error = pg8000.native.InterfaceError("network error")
    error.__cause__ = error.__context__ = broken
    failure = describe_failure(error)
    assert (failure.failure_class, failure.name) == ("credentials", "SourceRefused")
    assert "password authentication failed" in failure.text


def test_a_connection_that_only_broke_is_of_class_connection() -> None:
    failure = describe_failure(pg8000.native.InterfaceError("network error"))
    assert failure.failure_class == "connection"
