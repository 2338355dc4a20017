"""Where moto answers otherwise than AWS, and Terraform would take it for a change or be refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint, refused


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def test_a_rule_between_security_groups_keeps_its_description(endpoint: Endpoint) -> None:
    ec2 = endpoint.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/24")["Vpc"]["VpcId"]
    ours, theirs = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("ours", "theirs")
    )
    pair = {"GroupId": theirs, "Description": "from them"}
    wanted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [pair]}
    ec2.authorize_security_group_ingress(GroupId=ours, IpPermissions=[wanted])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [ours]}])["SecurityGroupRules"]
    assert [one["Description"] for one in rules if not one["IsEgress"]] == ["from them"]


def test_a_bucket_that_wants_tls_takes_objects_and_one_that_wants_nobody_takes_none(endpoint: Endpoint) -> None:
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="judged", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    def deny(**condition: Any) -> None:
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::judged/*"}
        policy = {"Version": "2012-10-17", "Statement": [{**statement, **condition}]}
        s3.put_bucket_policy(Bucket="judged", Policy=json.dumps(policy))

    deny(Condition={"Bool": {"aws:SecureTransport": "false"}})
    s3.put_object(Bucket="judged", Key="one", Body=b"1")
    deny()
    with refused("403"):
        s3.put_object(Bucket="judged", Key="two", Body=b"2")


def test_awss_own_policies_can_be_attached(endpoint: Endpoint) -> None:
    iam = endpoint.client("iam")
    iam.create_role(RoleName="dms-vpc-role", AssumeRolePolicyDocument="{}")
    arn = "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"
    iam.attach_role_policy(RoleName="dms-vpc-role", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="dms-vpc-role")["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [arn]
