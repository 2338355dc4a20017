"""What `fleet verify aws` asks an account by itself. Each check settles one declared behaviour.

A check returns what it saw, as JSON; the local cloud answers the same questions, and the two are compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.coverage.asking import Asking, NotAskedError

_STATES = "stepfunctions"
_CLASSES = ("dms.t3.micro", "dms.t3.medium", "dms.c5.large", "dms.r5.large")
_END = {"Type": "Pass", "End": True}


@dataclass(frozen=True, slots=True)
class AccountQuestion:
    """*settles*: the name of the behaviour. *makes*: what it makes in the account for a while; nothing if it only reads
    or if every account refuses it. *local*: the local cloud's answer, where the question needs a deployed fleet; None:
    the local cloud is asked. *remedy*: the next step where the account differs."""

    settles: str
    ask: Callable[[Asking], Any]
    makes: str = ""
    local: Any = None
    remedy: str = ""


# Reading and validating


def _filter_of_nothing(account: Asking) -> Any:
    nothing = [{"Name": "endpoint-id", "Values": ["fleet-verify-nothing"]}]
    return account.ask("dms", "DescribeEndpoints", Filters=nothing).word


def _wrong_values(account: Asking) -> Any:
    colour = [{"Name": "colour", "Values": ["red"]}]
    return {
        "MaxRecords 1": account.ask("dms", "DescribeEndpoints", MaxRecords=1).word,
        "Marker x": account.ask("dms", "DescribeEndpoints", Marker="x").word,
        "filter colour": account.ask("dms", "DescribeEndpoints", Filters=colour).word,
    }


def _orderable(account: Asking) -> Any:
    found: list[Mapping[str, Any]] = []
    page: Mapping[str, Any] = {"Marker": ""}
    while "Marker" in page:
        marker = {"Marker": page["Marker"]} if page["Marker"] else {}
        page = account.need("dms", "DescribeOrderableReplicationInstances", MaxRecords=100, **marker)
        found += page["OrderableReplicationInstances"]
    ours = [one for one in found if one["ReplicationInstanceClass"] in _CLASSES]
    return {
        "engines": sorted({one["EngineVersion"] for one in found}),
        "gigabytes": {
            name: sorted({one["DefaultAllocatedStorage"] for one in ours if one["ReplicationInstanceClass"] == name})
            for name in _CLASSES
        },
    }


def _missing_and_mistyped(account: Asking) -> Any:
    return {
        "DescribeTableStatistics without a task": account.ask("dms", "DescribeTableStatistics").word,
        "MaxRecords a text": account.ask("dms", "DescribeEndpoints", MaxRecords="ten").word,
        "DescribeExecution without an ARN": account.ask(_STATES, "DescribeExecution").word,
    }


def _unknown_member(account: Asking) -> Any:
    return account.ask("dms", "DescribeEndpoints", Colour="red").word


def _arn_of_another_kind(account: Asking) -> Any:
    arn = f"arn:aws:states:{account.region}:{account.account}:execution:none:none"
    return account.ask(_STATES, "DescribeStateMachine", stateMachineArn=arn).word


def _judged(account: Asking) -> Any:
    wrong = {
        "no StartAt": {"States": {"A": _END}},
        "Next to nothing": {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
        "unknown type": {"StartAt": "A", "States": {"A": {"Type": "Pause", "End": True}}},
        "right": {"StartAt": "A", "States": {"A": _END}},
    }
    seen = {}
    for name, definition in wrong.items():
        answer = account.need(_STATES, "ValidateStateMachineDefinition", definition=json.dumps(definition))
        seen[name] = [answer["result"], *[[one["severity"], one["code"]] for one in answer["diagnostics"][:1]]]
    return seen


def _left_by_test(account: Asking) -> Any:
    """The objects beside the schemas' folders of each S3 target whose connection was tested with success."""
    tested = account.ask("dms", "DescribeConnections")
    good = {one["EndpointArn"] for one in tested.document.get("Connections", ()) if one["Status"] == "successful"}
    engine = [{"Name": "engine-name", "Values": ["s3"]}, {"Name": "endpoint-type", "Values": ["target"]}]
    endpoints = account.ask("dms", "DescribeEndpoints", Filters=engine).document.get("Endpoints", ())
    folders = [one["S3Settings"] for one in endpoints if one["EndpointArn"] in good]
    if not folders:
        raise NotAskedError("no S3 target of this account has been tested: deploy the fleet, run it once, ask again")
    return [
        key
        for one in folders
        for key in account.keys(one["BucketName"], f"{one.get('BucketFolder', '').strip('/')}/")
        if not key.endswith("/_manifest.json")
    ]


def _functions_at_once(account: Asking) -> Any:
    return account.functions_at_once()


# Making state machines: they cost nothing until they run, and these pass a handful of transitions


def _machine(account: Asking, name: str, *states: Mapping[str, Any]) -> str:
    """A machine of these states, A, B and so on; of one that passes by default."""
    named = dict(zip("ABC", states or (_END,), strict=False))
    definition = json.dumps({"StartAt": "A", "States": named})
    made = account.need(
        _STATES, "CreateStateMachine", name=account.name(name), definition=definition, roleArn=account.role
    )
    account.remove_later(_STATES, "DeleteStateMachine", stateMachineArn=made["stateMachineArn"])
    return made["stateMachineArn"]


def _run(account: Asking, machine: str, name: str, document: str = "{}") -> Mapping[str, Any]:
    started = account.need(_STATES, "StartExecution", stateMachineArn=machine, name=name, input=document)
    arn = started["executionArn"]
    return account.until(lambda answer: answer["status"] != "RUNNING", _STATES, "DescribeExecution", executionArn=arn)


def _same_input(account: Asking) -> Any:
    machine = _machine(account, "waits", {"Type": "Wait", "Seconds": 300, "End": True})
    start = {"stateMachineArn": machine, "name": "same"}
    started = account.need(_STATES, "StartExecution", **start, input='{"a":1}')
    account.remove_later(_STATES, "StopExecution", executionArn=started["executionArn"])
    return {
        "the same text": account.ask(_STATES, "StartExecution", **start, input='{"a":1}').word,
        "a blank more": account.ask(_STATES, "StartExecution", **start, input='{"a": 1}').word,
    }


def _pages_hold_still(account: Asking) -> Any:
    machine = _machine(account, "pages")
    for name in ("one", "two", "three"):
        _run(account, machine, name)
    account.pause(5)  # lists follow what happened after a while
    first = account.need(_STATES, "ListExecutions", stateMachineArn=machine, maxResults=2)
    if "nextToken" not in first:
        raise NotAskedError("ListExecutions has not come to list what ran")
    _run(account, machine, "four")
    account.pause(5)
    rest = account.need(_STATES, "ListExecutions", stateMachineArn=machine, maxResults=2, nextToken=first["nextToken"])
    return [[one["name"] for one in page["executions"]] for page in (first, rest)]


def _newest_first(account: Asking) -> Any:
    made = []
    for name in ("list-c", "list-a", "list-b"):
        made.append(_machine(account, name))
        account.pause(2)  # dates of creation are to differ
    listed: list[str] = []
    page: Mapping[str, Any] = {"nextToken": ""}
    while page.get("nextToken") is not None:
        token = {"nextToken": page["nextToken"]} if page["nextToken"] else {}
        page = account.need(_STATES, "ListStateMachines", **token)
        listed += [one["name"] for one in page["stateMachines"] if one["stateMachineArn"] in made]
    return listed


def _deleted(account: Asking) -> Any:
    machine = _machine(account, "gone")
    account.need(_STATES, "DeleteStateMachine", stateMachineArn=machine)
    answer = account.ask(_STATES, "DescribeStateMachine", stateMachineArn=machine)
    return answer.code or answer.document["status"]


def _encryption(account: Asking) -> Any:
    answer = account.need(_STATES, "DescribeStateMachine", stateMachineArn=_machine(account, "plain"))
    return answer.get("encryptionConfiguration")


def _updates(account: Asking) -> Any:
    machine = _machine(account, "updated")
    alone = {"tracingConfiguration": {"enabled": False}}
    return {
        "nothing": account.ask(_STATES, "UpdateStateMachine", stateMachineArn=machine).word,
        "tracing alone": account.ask(_STATES, "UpdateStateMachine", stateMachineArn=machine, **alone).word,
    }


def _tags(account: Asking) -> Any:
    machine = _machine(account, "tagged")
    keys = ("aws:x", "a*b")
    return {
        key: account.ask(_STATES, "TagResource", resourceArn=machine, tags=[{"key": key, "value": "1"}]).word
        for key in keys
    }


def _timestamps(account: Asking) -> Any:
    is_same = {"Variable": "$.at", "TimestampEquals": "2026-01-01T02:00:00+01:00", "Next": "B"}
    choice = {"Type": "Choice", "Choices": [is_same], "Default": "C"}
    machine = _machine(account, "moments", choice, {**_END, "Result": "same"}, {**_END, "Result": "other"})
    ended = _run(account, machine, "moment", '{"at": "2026-01-01T01:00:00Z"}')
    return [ended["status"], ended.get("output")]


def _log_of_nothing(account: Asking) -> Any:
    group = f"arn:aws:logs:{account.region}:{account.account}:log-group:{account.name('none')}:*"
    answer = account.ask(
        _STATES,
        "CreateStateMachine",
        name=account.name("logged"),
        definition=json.dumps({"StartAt": "A", "States": {"A": _END}}),
        roleArn=account.role,
        loggingConfiguration={
            "level": "ALL",
            "includeExecutionData": False,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        },
    )
    if not answer.code:
        account.remove_later(_STATES, "DeleteStateMachine", stateMachineArn=answer.document["stateMachineArn"])
    return answer.word


# Making endpoints of DMS, which cost nothing and are tested by nobody


def _endpoint(account: Asking, name: str) -> Mapping[str, Any]:
    made = account.need(
        "dms",
        "CreateEndpoint",
        EndpointIdentifier=account.name(name),
        EndpointType="target",
        EngineName="s3",
        S3Settings={"BucketName": account.name("none"), "ServiceAccessRoleArn": account.role, "DataFormat": "parquet"},
    )["Endpoint"]
    account.remove_later("dms", "DeleteEndpoint", EndpointArn=made["EndpointArn"])
    return made


def _active(account: Asking) -> Any:
    return _endpoint(account, "active")["Status"]


def _settings_kept(account: Asking) -> Any:
    return sorted(_endpoint(account, "kept")["S3Settings"])


def _excluding(account: Asking) -> Any:
    arn = _endpoint(account, "excluding")["EndpointArn"]
    return account.ask(
        "dms", "ModifyEndpoint", EndpointArn=arn, S3Settings={"DatePartitionEnabled": True, "CdcPath": "x"}
    ).word


_MACHINE, _MACHINES, _ENDPOINT = "a state machine", "state machines", "an endpoint of DMS"

CHECKS = (
    AccountQuestion("A filter that matches nothing is a ResourceNotFoundFault", _filter_of_nothing),
    AccountQuestion("Which of DMS's codes a single wrong value gets", _wrong_values),
    AccountQuestion("Default storage of 50 or 100 GB by class; the engine versions 3.5.1 to 3.6.1", _orderable),
    AccountQuestion(
        "A parameter that is missing or of another type: ValidationException (the JSON protocols)",
        _missing_and_mistyped,
    ),
    AccountQuestion(
        "A parameter that botocore's model does not know: ValidationException, where AWS may pass over it",
        _unknown_member,
    ),
    AccountQuestion("An ARN of another kind is InvalidArn, which says the kind", _arn_of_another_kind),
    AccountQuestion("One diagnostic at a time, of severity ERROR, with AWS's codes; warnings are not given", _judged),
    AccountQuestion("The same input is the same text, byte for byte", _same_input, _MACHINE),
    AccountQuestion(
        "A token holds a place, so nothing that is added meanwhile shifts the pages", _pages_hold_still, _MACHINE
    ),
    AccountQuestion("Machines are listed newest first", _newest_first, _MACHINES),
    AccountQuestion(
        "A machine without executions under way is gone as soon as it is deleted; names of executions stay taken",
        _deleted,
        _MACHINE,
    ),
    AccountQuestion("Encryption that was left out is described as AWS_OWNED_KEY", _encryption, _MACHINE),
    AccountQuestion(
        "An update of nothing is MissingRequiredParameter; one of the settings alone is allowed", _updates, _MACHINE
    ),
    AccountQuestion(
        "A tag whose key begins with aws: or has another character than AWS allows is a ValidationException",
        _tags,
        _MACHINE,
    ),
    AccountQuestion("Timestamps are compared as moments, whatever their zone", _timestamps, _MACHINE),
    AccountQuestion(
        "A log group that does not exist is refused when the machine is created",
        _log_of_nothing,
        _MACHINE,
    ),
    AccountQuestion(
        "The account runs limits.lambda_at_once functions at once (GetAccountSettings)",
        _functions_at_once,
        remedy="Write the account's number as limits.lambda_at_once into registry/settings.yaml and deploy, or ask for "
        'more in Service Quotas: Lambda, "Concurrent executions". With few a run takes longer, and no database fails.',
    ),
    AccountQuestion(
        "A test of an S3 target leaves no object in its folder (a test may ask for one that does)",
        _left_by_test,
        local=[],
    ),
    AccountQuestion("An endpoint is active at once", _active, _ENDPOINT),
    AccountQuestion(
        "An endpoint keeps the settings it was given; AWS's defaults are not filled in", _settings_kept, _ENDPOINT
    ),
    AccountQuestion(
        "Settings of S3 that exclude each other are refused with InvalidParameterCombinationException",
        _excluding,
        _ENDPOINT,
    ),
)
