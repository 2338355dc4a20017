"""How often a source is asked, and what becomes of a question that brings no answer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from fleet.databases import Database, Server
from fleet.errors import FleetError, ThrottledError, TransientError
from fleet.failures import Failure
from fleet.tables.catalogue import Census, TableName
from lambdas.clients.source import Source

SERVER = Server("s", "postgresql", "fleet/server/s")
DATABASE = Database("d", "s", "d", "one", ("public",))
URL = "https://lambda"
Answer = Mapping[str, Any] | Exception


class Lambda:
    """As much of boto3's client as is used. *answers*: one after the other, the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers
        self.events: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  AWS's names
        assert FunctionName == "ask-source"
        self.events.append(json.loads(Payload))
        answer = self._answers[min(len(self.events), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        error = {"FunctionError": "Unhandled"} if "errorMessage" in answer else {}
        return {"Payload": io.BytesIO(json.dumps(answer).encode()), **error}


def died(name: str | None, words: str = "words") -> Mapping[str, Any]:
    return {"errorMessage": words, **({"errorType": name} if name else {})}


COUNTED = {
    "answer": [
        {"schema": "public", "table": "a", "rows": 5, "why": ""},
        {"schema": "public", "table": "b", "rows": None, "why": "why not"},
    ],
    "failure": None,
}
NOTHING = {"schemas": [], "tables": []}
QUESTIONS: list[Callable[[Source], object]] = [
    lambda source: source.census(SERVER, DATABASE),
    lambda source: source.counts(SERVER, DATABASE, [TableName("public", "a")], 60),
]


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize(
    "answer",
    [
        ReadTimeoutError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        died("Sandbox.Timedout", "RequestId: 1 Error: Task timed out after 240.00 seconds"),
        died(None, "2026-11-29T01:00:00Z 1 Task timed out after 240.00 seconds"),
    ],
)
def test_a_question_that_did_not_come_back_is_a_failure_and_is_not_asked_again(
    ask: Callable[[Source], object], answer: Answer
) -> None:
    client = Lambda(answer, COUNTED)
    failure = ask(Source(client, "ask-source"))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.name, len(client.events)) == ("connection", "AnswerNotBack", 1)


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize("name", ["KeyError", "ValidationError", "MalformedInputError"])
def test_an_error_of_asksource_itself_is_a_failure_of_our_own(ask: Callable[[Source], object], name: str) -> None:
    client = Lambda(died(name, "'username'"), COUNTED)
    failure = ask(Source(client, "ask-source"))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.name, len(client.events)) == ("unknown", "AskSourceBroken", 1)
    assert f"{name}: 'username'" in failure.text


@pytest.mark.parametrize("name", ["Runtime.ExitError", "Lambda.Unknown", None])
def test_a_process_that_died_is_asked_once_more_and_no_more(name: str | None) -> None:
    client = Lambda(died(name), {"answer": NOTHING, "failure": None})
    assert Source(client, "ask-source").census(SERVER, DATABASE) == Census((), ())
    client = Lambda(died(name))
    failure = Source(client, "ask-source").census(SERVER, DATABASE)
    assert isinstance(failure, Failure)
    assert (failure.name, len(client.events)) == ("AskSourceBroken", 2)


@pytest.mark.parametrize("error", [ThrottledError, TransientError])
def test_what_failed_before_the_source_was_asked_is_for_the_state_to_repeat(error: type[FleetError]) -> None:
    client = Lambda(died(error.__name__))
    with pytest.raises(error):
        Source(client, "ask-source").census(SERVER, DATABASE)
    assert len(client.events) == 1


def test_a_question_that_was_never_sent_is_for_the_state_to_repeat() -> None:
    with pytest.raises(EndpointConnectionError):
        Source(Lambda(EndpointConnectionError(endpoint_url=URL)), "ask-source").census(SERVER, DATABASE)


def test_counts_come_with_their_reasons() -> None:
    client = Lambda(COUNTED)
    counts = Source(client, "ask-source").counts(SERVER, DATABASE, [TableName("public", "a")], 60)
    assert not isinstance(counts, Failure)
    assert [(count.name, count.rows, count.why) for count in counts] == [
        (TableName("public", "a"), 5, ""),
        (TableName("public", "b"), None, "why not"),
    ]
    assert client.events[0]["seconds_each"] == 60
