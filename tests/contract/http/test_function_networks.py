"""A function in a network: its role must be allowed what Lambda does there."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from judged_functions import without_each
from localcloud.lambda_service.processes import host_architecture
from localcloud.tests.http.http_cloud import empty_endpoint, refused
from orchestration.roles import allow, policy, trust_service

ACTIONS = ["CreateNetworkInterface", "DescribeNetworkInterfaces", "DeleteNetworkInterface"]
ACTIONS += ["DescribeSubnets", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"]


def zipped(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), code)
    return content.getvalue()


def test_a_function_in_a_network_needs_a_role_that_may_join_it(tmp_path: Path) -> None:
    with empty_endpoint(tmp_path) as endpoint:
        iam, ec2, functions = (endpoint.client(one) for one in ("iam", "ec2", "lambda"))
        trust = json.dumps(trust_service("lambda.amazonaws.com"))
        role = iam.create_role(RoleName="joins", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        wanted: dict[str, Any] = {
            "FunctionName": "app",
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "Role": role,
            "Handler": "app.handler",
            "Code": {"ZipFile": zipped("def handler(event, context): return 1")},
            "Architectures": [host_architecture()],
            "VpcConfig": {"SubnetIds": [subnet], "SecurityGroupIds": ["sg-1"]},
        }

        def may(*statements: dict[str, Any]) -> None:
            document = json.dumps(policy(*statements))
            iam.put_role_policy(RoleName="joins", PolicyName="may", PolicyDocument=document)

        joins = allow("Joins", [f"ec2:{action}" for action in ACTIONS], "*")
        for _, action, rest in without_each("", [joins]):
            may(*rest)
            with refused("InvalidParameterValueException", f"permissions to call {action.removeprefix('ec2:')} on EC2"):
                functions.create_function(**wanted)
        may(joins)
        assert functions.create_function(**wanted)["VpcConfig"]["VpcId"] == vpc
