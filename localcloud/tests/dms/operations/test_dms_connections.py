"""Connections: what a test of one does and refuses, and what makes it fail."""

from __future__ import annotations

from localcloud.tests.dms.dms_cloud import (
    BUCKET,
    Cloud,
    Clouds,
    FakeReader,
    allow,
    document,
    make_role,
    refusal_of,
    refused,
)


def test_an_instance_that_is_being_created_tests_no_connection(clouds: Clouds, reader: FakeReader) -> None:
    with clouds.open(reader) as cloud:

        def soon() -> None:
            made = cloud.dms.create_replication_instance(
                ReplicationInstanceIdentifier="two", ReplicationInstanceClass="dms.r6i.large"
            )["ReplicationInstance"]
            assert made["ReplicationInstanceStatus"] == "creating"
            with refused("InvalidResourceStateFault", "creating"):
                cloud.dms.test_connection(
                    ReplicationInstanceArn=made["ReplicationInstanceArn"], EndpointArn=cloud.source
                )

        cloud.at_once(soon)


def test_describing_connections_before_any_test_is_a_fault(cloud: Cloud) -> None:
    with refused("ResourceNotFoundFault"):
        cloud.dms.describe_connections()


def test_a_connection_that_is_being_tested_cannot_be_tested_again(cloud: Cloud) -> None:
    cloud.until_available()

    def twice() -> None:
        cloud.dms.test_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)
        assert cloud.connection(cloud.source)["Status"] == "testing"
        with refused("InvalidResourceStateFault", "already being tested"):
            cloud.dms.test_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)

    cloud.at_once(twice)
    cloud.until(lambda: cloud.connection(cloud.source)["Status"], "successful")


def test_a_source_that_does_not_answer_fails_its_test_and_says_why(cloud: Cloud, reader: FakeReader) -> None:
    reader.lost = "connection refused"
    assert cloud.test(cloud.source) == ["failed"]
    assert "connection refused" in cloud.connection(cloud.source)["LastFailureMessage"]


def test_a_folder_that_the_role_may_not_write_fails_the_test_of_the_target(cloud: Cloud) -> None:
    other = cloud.create_target("other", BucketFolder="stock/full/night-1/000001")
    assert cloud.test(other) == ["failed"]
    assert f's3:PutObject on resource: "arn:aws:s3:::{BUCKET}/stock/' in cloud.connection(other)["LastFailureMessage"]


def test_a_role_that_may_put_but_not_list_fails_the_test_of_the_target(cloud: Cloud) -> None:
    only_put = document(allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*"))
    cloud.aws.client("iam").put_role_policy(RoleName="objects", PolicyName="own", PolicyDocument=only_put)
    assert cloud.test(cloud.target) == ["failed"]
    assert "s3:ListBucket" in cloud.connection(cloud.target)["LastFailureMessage"]


def test_a_bucket_that_does_not_exist_fails_the_test_of_the_target(cloud: Cloud) -> None:
    cloud.aws.client("iam").put_role_policy(
        RoleName="objects", PolicyName="own", PolicyDocument=document(allow("s3:*", "*"))
    )
    assert cloud.test(cloud.create_target("other", BucketName="nowhere")) == ["failed"]


def test_a_secrets_role_that_trusts_only_the_global_principal_fails_the_test(cloud: Cloud) -> None:
    role = make_role(cloud.aws, "global", "dms.amazonaws.com", allow("secretsmanager:GetSecretValue", "*"))
    other = cloud.create_source("other", SecretsManagerAccessRoleArn=role)
    assert cloud.test(other) == ["failed"]
    assert "sts:AssumeRole" in cloud.connection(other)["LastFailureMessage"]


def test_a_deleted_connection_is_gone_and_may_be_tested_anew(cloud: Cloud) -> None:
    cloud.test(cloud.source)
    cloud.dms.delete_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)
    cloud.until(lambda: refusal_of(lambda: cloud.dms.describe_connections()), "ResourceNotFoundFault")
    assert cloud.test(cloud.source) == ["successful"]


def test_a_test_leaves_an_object_only_where_it_was_said_to(cloud: Cloud) -> None:
    assert cloud.test(cloud.target) == ["successful"]
    assert cloud.keys() == []
    cloud.service.leave_test_objects(is_on=True)
    assert cloud.test(cloud.target) == ["successful"]
    assert cloud.keys() == ["awsdms_test_object"]
