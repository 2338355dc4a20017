"""The corpus of small documents beside it, and its two readers: our engine and moto's.

A document is one rule of the language. `section` names where it comes from: a heading of https://states-language.net/,
or a page of AWS's where the rule is AWS's own. `functions` holds the answers of each Lambda function, call by call, of
which the last one is given for ever; `seconds` is how long the execution lasts.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import mock_aws
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import Clock
from localcloud.in_process_transport import response
from localcloud.stepfunctions import FunctionError, StepFunctions

FOLDER = Path(__file__).with_name("corpus")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/states"
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
_LONG = 20  # seconds of real time after which a test gives up


def documents() -> list[dict[str, Any]]:
    """All documents of the corpus."""
    files = sorted(file for file in FOLDER.glob("*.json") if file.name != "moto_differences.json")
    return [document for file in files for document in json.loads(file.read_text())]


def moto_differences() -> dict[str, dict[str, str]]:
    """What moto is known to make otherwise, by the document's rule."""
    return json.loads((FOLDER / "moto_differences.json").read_text())


def takes_time(document: Mapping[str, Any]) -> bool:
    """Whether time passes in *document*: our clock skips it, moto sleeps."""
    waits = '"Wait"' in json.dumps([document["definition"], document.get("children")])
    return waits or document.get("seconds", 0) > 0 or '"lasts"' in json.dumps(document.get("functions", {}))


@dataclass(frozen=True)
class Result:
    """How an execution ended. *outputs*: of its states, in the order in which they were left. *seconds*: how long it
    lasted, where that was looked at."""

    status: str
    output: Any
    error: str | None
    events: tuple[str, ...]
    outputs: tuple[tuple[str, Any], ...]
    seconds: float | None = None

    def comparable(self) -> dict[str, Any]:
        """What two engines must agree on: all but the words of a Cause, and, where several items or branches run at
        once, the order of what they do."""
        at_once = self.events.count("MapIterationStarted") > 1 or "ParallelStateStarted" in self.events
        outputs = [(name, _without_causes(output)) for name, output in self.outputs]
        return {
            "status": self.status,
            "output": _without_causes(self.output),
            "error": self.error,
            "events": sorted(self.events) if at_once else list(self.events),
            "outputs": sorted(outputs, key=json.dumps) if at_once else outputs,
        }


def _without_causes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_causes(each) for name, each in value.items() if name != "Cause"}
    return [_without_causes(each) for each in value] if isinstance(value, list) else value


def _plain(text: str) -> str:
    return json.loads(json.dumps(text))  # moto's are members of an enumeration


def _result(described: Mapping[str, Any], events: list[Any], seconds: float | None = None) -> Result:
    output = described.get("output")
    exits = [event["stateExitedEventDetails"] for event in events if "stateExitedEventDetails" in event]
    return Result(
        _plain(described["status"]),
        None if output is None else json.loads(output),
        described.get("error"),
        tuple(_plain(event["type"]) for event in events),
        tuple((each["name"], json.loads(each["output"])) for each in exits),
        seconds,
    )


class Functions:
    """The Lambda functions of one document. *pass_time* lets a call last."""

    def __init__(self, document: Mapping[str, Any], pass_time: Callable[[float], None]) -> None:
        self._answers = {name: list(answers) for name, answers in document.get("functions", {}).items()}
        self._pass_time = pass_time
        self._lock = threading.Lock()

    def invoke(self, arn: str, event: Any) -> Any:
        """What the next call of the function returns; raises `FunctionError`."""
        answers = self._answers[arn.rpartition(":")[2]]
        with self._lock:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if "lasts" in answer:
            self._pass_time(answer["lasts"])
        if "raises" in answer:
            raise FunctionError(answer["raises"], answer["message"])
        if "returns_characters" in answer:
            return "x" * answer["returns_characters"]
        return event if "returns_event" in answer else answer["returns"]


def run_ours(document: Mapping[str, Any]) -> Result:
    """What our engine makes of *document*."""
    with Clock("frozen", start=START) as clock:

        def pass_time(seconds: float) -> None:
            clock.skipped_seconds += seconds
            clock.call_later(0, lambda: None)

        functions = Functions(document, pass_time)
        engine = StepFunctions(clock, functions.invoke, account=ACCOUNT, region=REGION, jitter=lambda: 0.5)
        for name, definition in {**document.get("children", {}), "m": document["definition"]}.items():
            made = engine.answer(
                "CreateStateMachine", {"name": name, "definition": json.dumps(definition), "roleArn": ROLE}
            )
        started = {"stateMachineArn": made["stateMachineArn"], "name": "x", **_input(document)}
        arn = engine.answer("StartExecution", started)["executionArn"]
        described = engine.ended(arn).result(_LONG)
        events = engine.answer("GetExecutionHistory", {"executionArn": arn, "maxResults": 1000})["events"]
        return _result(described, list(events), (described["stopDate"] - described["startDate"]).total_seconds())


class MotosEngine:
    """moto's engine, whose Lambda client is answered by the functions of the document that runs."""

    def __init__(self) -> None:
        self._functions: Functions | None = None
        self._count = 0
        boto3.setup_default_session(region_name=REGION)
        boto3.DEFAULT_SESSION.events.register_first("before-send.lambda.Invoke", self._answer)

    def run(self, document: Mapping[str, Any]) -> Result:
        """What it makes of *document*; a refusal of the document raises."""
        self._functions = Functions(document, lambda _: None)
        backend = stepfunctions_parser_backends[ACCOUNT][REGION]
        backend.reset()  # a machine's name is part of some outputs, so each document has its `m`
        for name, definition in {**document.get("children", {}), "m": document["definition"]}.items():
            made = backend.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        TMP_THREADS.clear()
        given = _input(document).get("input")
        execution = backend.start_execution(made.arn, name="x", execution_input=given)
        TMP_THREADS[0].join(_LONG)
        if execution.exec_status == "RUNNING":
            raise TimeoutError("the execution's thread ended without an end of the execution")
        return _result(execution.to_describe_output(), list(execution.to_history_output()["events"]))

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        assert self._functions is not None
        body: Any = request.body or b"{}"
        arn = request.url.split("/functions/")[1].split("/")[0].replace("%3A", ":")
        headers = {}
        try:
            returned = self._functions.invoke(arn, json.loads(body))
        except FunctionError as error:
            headers["X-Amz-Function-Error"] = "Unhandled"
            returned = {"errorType": error.error_type, "errorMessage": error.message}
        return response(request.url, 200, json.dumps(returned).encode(), headers)


@contextmanager
def motos_engine() -> Iterator[MotosEngine]:
    """moto's engine, on as long as this holds."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield MotosEngine()


def _input(document: Mapping[str, Any]) -> dict[str, str]:
    return {"input": json.dumps(document["input"])} if "input" in document else {}
