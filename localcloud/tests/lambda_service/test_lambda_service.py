"""Lambda over a real socket: functions made from an uploaded zip file, and what they see when they run."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.lambda_service.processes import host_architecture
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint, refused

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
CODE = """
import os, sys, json, datetime, time, importlib.util
calls = []

def handler(event, context):
    calls.append(event)
    match event.get("do"):
        case "see":
            return {
                "environment": dict(os.environ),
                "found": [name for name in ("boto3", "local", "pytest", "json") if importlib.util.find_spec(name)],
                "now": datetime.datetime.now(datetime.UTC).timestamp(),
                "time": time.time(),
                "name": context.function_name,
                "arn": context.invoked_function_arn,
                "calls": len(calls),
            }
        case "print":
            print("to the output")
            print("to the errors", file=sys.stderr)
            print("no end of line", end="")
        case "raise":
            raise ValueError("no such thing")
        case "exit":
            os._exit(3)
        case "be killed":
            os.kill(os.getpid(), 9)
        case "answer no json":
            return {1, 2}
        case "fill":
            held = []
            while True:
                held.append(bytearray(2**24))
        case "hang":
            print("hanging")
            while True:
                pass
    return {"said": event}
"""


def zipped(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    return content.getvalue()


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def trust(service: str) -> str:
    return policy(Principal={"Service": service}, Action="sts:AssumeRole")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        for name, service in (("runs", "lambda.amazonaws.com"), ("other", "dms.amazonaws.com")):
            opened.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
        yield opened


@pytest.fixture
def functions(endpoint: Endpoint) -> Iterator[Any]:
    """Lambda's client; what a test made is deleted after it."""
    client = endpoint.client("lambda")
    yield client
    for function in client.list_functions()["Functions"]:
        client.delete_function(FunctionName=function["FunctionName"])


def create(functions: Any, name: str = "app", code: str = CODE, **more: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "FunctionName": name,
        "Runtime": RUNTIME,
        "Role": "arn:aws:iam::123456789012:role/runs",
        "Handler": "app.handler",
        "Code": {"ZipFile": zipped(code)},
        "Architectures": [host_architecture()],
    }
    return functions.create_function(**(wanted | more))


def invoke(functions: Any, event: Any, name: str = "app") -> tuple[Any, str]:
    """The answer, and the kind of error if it is one."""
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError", "")


def test_a_function_sees_its_package_the_standard_library_and_nothing_else(functions: Any) -> None:
    create(functions)
    assert invoke(functions, {"do": "see"})[0]["found"] == ["json"]


def test_a_function_has_its_own_environment_and_the_credentials_of_its_own_role(
    endpoint: Endpoint, functions: Any
) -> None:
    create(functions, Environment={"Variables": {"FLEET_CONTROL_BUCKET": "control"}})
    seen = invoke(functions, {"do": "see"})[0]["environment"]
    assert seen["FLEET_CONTROL_BUCKET"] == "control"
    assert "PATH" not in seen
    who = endpoint.client(
        "sts",
        endpoint_url=seen["AWS_ENDPOINT_URL"],
        aws_access_key_id=seen["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=seen["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=seen["AWS_SESSION_TOKEN"],
    ).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/runs/app"


def test_a_warm_process_is_used_again_and_a_new_configuration_gets_a_new_one(functions: Any) -> None:
    create(functions)
    assert [invoke(functions, {"do": "see"})[0]["calls"] for _ in range(3)] == [1, 2, 3]
    functions.update_function_configuration(FunctionName="app", Environment={"Variables": {"A": "1"}})
    seen = invoke(functions, {"do": "see"})[0]
    assert (seen["calls"], seen["environment"]["A"]) == (1, "1")


def test_a_function_lives_in_the_clouds_time(endpoint: Endpoint, functions: Any) -> None:
    create(functions)
    before = endpoint.cloud.clock.now().timestamp()
    endpoint.cloud.clock.sleep(86_400)
    seen = invoke(functions, {"do": "see"})[0]
    assert seen["now"] >= before + 86_400
    assert seen["time"] >= before + 86_400


def test_what_a_function_prints_is_in_its_log_group_where_its_role_may_write(
    endpoint: Endpoint, functions: Any
) -> None:
    logs, iam = endpoint.client("logs"), endpoint.client("iam")
    arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/writes:*"
    iam.create_role(RoleName="writes", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))
    may = policy(Action="logs:PutLogEvents", Resource=arn)
    iam.put_role_policy(RoleName="writes", PolicyName="may", PolicyDocument=may)
    for name in ("writes", "lacks-the-right"):
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        create(functions, name, Role="arn:aws:iam::123456789012:role/writes")
    create(functions, "lacks-the-group", Role="arn:aws:iam::123456789012:role/writes")

    def printed(name: str) -> list[str]:
        for _ in range(2):
            invoke(functions, {"do": "print"}, name)
        return [one["message"] for one in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]

    assert sorted(printed("writes")) == [
        "no end of lineto the errors",
        "to the errors",
        "to the output",
        "to the output",
    ]
    assert printed("lacks-the-right") == []
    invoke(functions, {"do": "print"}, "lacks-the-group")
    assert len(logs.describe_log_groups()["logGroups"]) == 2


def test_an_error_of_a_function_is_answered_with_its_class_words_and_place(functions: Any) -> None:
    create(functions)
    error, kind = invoke(functions, {"do": "raise"})
    assert (error["errorType"], error["errorMessage"], kind) == ("ValueError", "no such thing", "Unhandled")
    assert 'raise ValueError("no such thing")' in "".join(error["stackTrace"])


def test_a_function_whose_process_ends_or_takes_too_long_says_so_and_the_next_call_gets_a_new_one(
    functions: Any,
) -> None:
    create(functions, Timeout=60)
    create(functions, "short", Timeout=1)
    assert invoke(functions, {"do": "exit"})[0]["errorType"] == "Runtime.ExitError"
    assert invoke(functions, {"do": "hang"}, "short")[0]["errorType"] == "Sandbox.Timedout"
    killed = invoke(functions, {"do": "be killed"})[0]
    assert killed["errorType"] == "Runtime.ExitError"
    assert killed["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert invoke(functions, {"a": 1}) == ({"said": {"a": 1}}, "")


def test_a_function_that_takes_more_than_its_memory_is_killed_and_said_to_be_out_of_memory(functions: Any) -> None:
    create(functions, Timeout=60, MemorySize=128)
    assert invoke(functions, {"do": "fill"})[0]["errorType"] == "Runtime.OutOfMemory"
    assert invoke(functions, {"a": 1}) == ({"said": {"a": 1}}, "")


def test_an_answer_that_is_no_json_is_said_to_be_none(functions: Any) -> None:
    create(functions)
    assert invoke(functions, {"do": "answer no json"})[0]["errorType"] == "Runtime.MarshalError"


def test_a_handler_that_is_not_in_the_package_is_reported_in_lambdas_words(functions: Any) -> None:
    create(functions, "nowhere", Handler="missing.handler")
    create(functions, "nothing", Handler="app.missing")
    assert invoke(functions, {}, "nowhere")[0]["errorType"] == "Runtime.ImportModuleError"
    assert invoke(functions, {}, "nothing")[0]["errorType"] == "Runtime.HandlerNotFound"


def test_what_was_asked_for_is_given_back_with_lambdas_defaults(functions: Any) -> None:
    made = create(functions, MemorySize=512, Timeout=60, Tags={"fleet": "fleet"}, TracingConfig={"Mode": "Active"})
    found = functions.get_function(FunctionName="app")
    configuration = found["Configuration"]
    assert found["Tags"] == {"fleet": "fleet"}
    assert (
        configuration["FunctionArn"] == made["FunctionArn"] == "arn:aws:lambda:eu-central-1:123456789012:function:app"
    )
    assert configuration["CodeSha256"] == base64.b64encode(hashlib.sha256(zipped(CODE)).digest()).decode()
    wanted = {
        "MemorySize": 512,
        "Timeout": 60,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "TracingConfig": {"Mode": "Active"},
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/app"},
    }
    assert {name: configuration[name] for name in wanted} == wanted
    assert functions.list_versions_by_function(FunctionName="app")["Versions"][0]["Version"] == "$LATEST"
    assert functions.get_function_code_signing_config(FunctionName="app")["CodeSigningConfigArn"] == ""


def test_new_code_is_run_from_the_next_call_on(endpoint: Endpoint, functions: Any) -> None:
    create(functions)
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="packages", Key="two.zip", Body=zipped("def handler(event, context): return 'two'"))
    functions.update_function_code(FunctionName="app", S3Bucket="packages", S3Key="two.zip")
    assert invoke(functions, {})[0] == "two"
    with refused("InvalidParameterValueException", "NoSuchKey"):
        functions.update_function_code(FunctionName="app", S3Bucket="packages", S3Key="three.zip")


def test_tags_are_set_and_taken_away(functions: Any) -> None:
    arn = create(functions, Tags={"a": "1"})["FunctionArn"]
    functions.tag_resource(Resource=arn, Tags={"b": "2"})
    functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.list_tags(Resource=arn)["Tags"] == {"b": "2"}


def test_a_statement_of_the_policy_is_added_shown_and_removed(functions: Any) -> None:
    create(functions)
    with refused("ResourceNotFoundException"):
        functions.get_policy(FunctionName="app")
    wanted = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": "arn:aws:events:::r"}
    functions.add_permission(FunctionName="app", StatementId="rule", **wanted)
    (statement,) = json.loads(functions.get_policy(FunctionName="app")["Policy"])["Statement"]
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": "arn:aws:events:::r"}}
    with refused("ResourceConflictException"):
        functions.add_permission(FunctionName="app", StatementId="rule", **wanted)
    functions.remove_permission(FunctionName="app", StatementId="rule")
    with refused("ResourceNotFoundException"):
        functions.remove_permission(FunctionName="app", StatementId="rule")


def test_a_rule_calls_a_function_only_where_the_functions_policy_lets_it(endpoint: Endpoint, functions: Any) -> None:
    arn, events = create(functions)["FunctionArn"], endpoint.client("events")
    machine = "arn:aws:states:eu-central-1:123456789012:stateMachine:fleet-run"
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"], "stateMachineArn": [machine]}}
    rule = events.put_rule(Name="broken-off", EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule="broken-off", Targets=[{"Id": "one", "Arn": arn}])
    event = {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"status": "FAILED", "stateMachineArn": machine},
    }

    def calls() -> int:
        return invoke(functions, {"do": "see"})[0]["calls"]

    assert calls() == 1
    endpoint.cloud.events.deliver(event)
    assert calls() == 2
    may = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    functions.add_permission(FunctionName="app", StatementId="other", SourceArn=f"{rule}-2", **may)
    endpoint.cloud.events.deliver(event)
    assert calls() == 3
    functions.add_permission(FunctionName="app", StatementId="rule", SourceArn=rule, **may)
    endpoint.cloud.events.deliver(event)
    assert calls() == 5


def test_a_state_machine_calls_the_deployed_function(endpoint: Endpoint, functions: Any) -> None:
    arn, machines = create(functions)["FunctionArn"], endpoint.client("stepfunctions")
    may = policy(Action="lambda:InvokeFunction", Resource=arn)
    endpoint.client("iam").put_role_policy(RoleName="runs", PolicyName="may", PolicyDocument=may)
    definition = {"StartAt": "Call", "States": {"Call": {"Type": "Task", "Resource": arn, "End": True}}}
    machine = machines.create_state_machine(
        name="caller", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/runs"
    )["stateMachineArn"]
    started = machines.start_execution(stateMachineArn=machine, input='{"do": "raise"}')["executionArn"]
    ended = endpoint.cloud.machines.ended(started).result(timeout=30)
    assert (ended["status"], ended["error"]) == ("FAILED", "ValueError")
    assert "no such thing" in json.loads(ended["cause"])["stackTrace"][0]


@pytest.mark.parametrize(
    ("wanted", "code", "words"),
    [
        ({"Role": "arn:aws:iam::123456789012:role/other"}, "InvalidParameterValueException", "cannot be assumed"),
        ({"Role": "arn:aws:iam::123456789012:role/none"}, "InvalidParameterValueException", "cannot be assumed"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip"),
        ({"MemorySize": 40_000}, "InvalidParameterValueException", "less than or equal to"),
        ({"Runtime": "cobol"}, "InvalidParameterValueException", "enum value set"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException", "AWS_REGION"),
        ({"Layers": ["arn:aws:lambda:eu-central-1:123456789012:layer:a:1"]}, "NotEmulated", "Layers"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, "NotEmulated", "SnapStart"),
        ({"PackageType": "Image"}, "NotEmulated", "container images"),
    ],
)
def test_what_lambda_would_refuse_or_is_not_done_here_makes_no_function(
    functions: Any, wanted: dict[str, Any], code: str, words: str
) -> None:
    with refused(code, words):
        create(functions, **wanted)
    assert functions.list_functions()["Functions"] == []


def test_a_function_is_made_once_and_gone_once_deleted(functions: Any) -> None:
    create(functions)
    with refused("ResourceConflictException"):
        create(functions)
    functions.delete_function(FunctionName="app")
    for ask in (functions.get_function, functions.delete_function, functions.invoke):
        with refused("ResourceNotFoundException"):
            ask(FunctionName="app")


def test_what_this_host_cannot_run_is_made_and_said_to_be_so_when_called(functions: Any) -> None:
    create(functions, "older", Runtime="python3.9")
    other = {"x86_64": "arm64", "arm64": "x86_64"}[host_architecture()]
    create(functions, "elsewhere", Architectures=[other])
    for name, words in (("older", r"runtime python3\.9"), ("elsewhere", f"architecture {other}")):
        with refused("NotEmulated", words):
            functions.invoke(FunctionName=name)


def test_what_lambda_has_and_this_does_not_is_refused_by_name(functions: Any) -> None:
    create(functions)
    for ask, words in (
        (lambda: functions.publish_version(FunctionName="app"), "PublishVersion"),
        (lambda: functions.list_layers(), "ListLayers"),
        (lambda: functions.get_function(FunctionName="app", Qualifier="3"), "versions and aliases"),
        (lambda: functions.invoke(FunctionName="app", InvocationType="Event"), "InvocationType Event"),
        (lambda: functions.invoke(FunctionName="app", LogType="Tail"), "LogType Tail"),
    ):
        with refused("NotEmulated", words):
            ask()
