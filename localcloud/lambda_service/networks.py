"""A function's place in a network: which VPC its subnets belong to. Nothing here keeps a process in a network."""

from __future__ import annotations

from typing import Any

from localcloud.authorization.iam import AccessDeniedError, Role
from localcloud.aws import LocalAws
from localcloud.in_process_transport import AwsError

# Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_ACTIONS = (
    "CreateNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "DeleteNetworkInterface",
    "AssignPrivateIpAddresses",
    "UnassignPrivateIpAddresses",
)


def place(aws: LocalAws, role: Role, configuration: dict[str, Any]) -> None:
    """Say in *configuration* which VPC it is, as Lambda does.

    Raises:
        AwsError: The role may not do what Lambda does with it to stand there. The words were observed for the first of
            the actions (https://github.com/webiny/webiny-js/issues/2580); which of the others Lambda
            asks for beforehand is assumed.
    """
    wanted = configuration.get("VpcConfig", {})
    if not wanted.get("SubnetIds"):
        return
    for action in _ACTIONS:
        try:
            role.require(f"ec2:{action}", "*")
        except AccessDeniedError:
            raise AwsError(
                "InvalidParameterValueException",
                f"The provided execution role does not have permissions to call {action} on EC2",
            ) from None
    found = aws.client("ec2").describe_subnets(SubnetIds=wanted["SubnetIds"])["Subnets"]
    configuration["VpcConfig"] = {"Ipv6AllowedForDualStack": False, **wanted, "VpcId": found[0]["VpcId"]}
