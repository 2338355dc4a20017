"""Keys, the two buckets and the ledger."""

from __future__ import annotations

import json
from typing import Any

from fleet.databases import Settings
from fleet.names import control_bucket, data_key_alias, ledger_table
from orchestration.constructs import toolchain as tf
from orchestration.resource_policies import administer_key, data_key_policy
from orchestration.roles import policy


class Keys(tf.Construct):
    """The key of everything at rest, and the one that signs for Snowflake's user where it is named by an alias."""

    def __init__(self, scope: tf.Construct, settings: Settings) -> None:
        super().__init__(scope, "keys")
        key = tf.KmsKey(
            self,
            "data",
            description=f"Everything of {settings.prefix} at rest",
            enable_key_rotation=True,
            deletion_window_in_days=30 if settings.stack.keep_data else 7,
            policy=json.dumps(data_key_policy(settings)),
        )
        key.override_logical_id("data_key")
        alias = tf.KmsAlias(self, "data-alias", name=data_key_alias(settings.prefix), target_key_id=key.key_id)
        alias.override_logical_id("data_key")
        self.data_key_arn = key.arn
        name = settings.snowflake.key_id
        if name.startswith("alias/"):
            signing = tf.KmsKey(
                self,
                "snowflake",
                description=f"Signs in to Snowflake for {settings.snowflake.user}",
                key_usage="SIGN_VERIFY",
                customer_master_key_spec="RSA_2048",
                deletion_window_in_days=30 if settings.stack.keep_data else 7,
                policy=json.dumps(policy(administer_key(settings))),
            )
            signing.override_logical_id("snowflake_key")
            tf.KmsAlias(self, "snowflake-alias", name=name, target_key_id=signing.key_id).override_logical_id(
                "snowflake_key"
            )


class Bucket(tf.Construct):
    """A private, encrypted bucket that is reached over TLS only."""

    def __init__(self, scope: tf.Construct, kind: str, settings: Settings, *, name: str, key_arn: str) -> None:
        super().__init__(scope, kind)
        self._kind = kind
        bucket = tf.S3Bucket(self, "bucket", bucket=name, force_destroy=not settings.stack.keep_data)
        bucket.override_logical_id(kind)
        self.name = bucket.bucket
        block = tf.S3BucketPublicAccessBlock(
            self,
            "private",
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        block.override_logical_id(kind)
        tf.S3BucketOwnershipControls(
            self, "owner", bucket=self.name, rule={"object_ownership": "BucketOwnerEnforced"}
        ).override_logical_id(kind)
        # Within a list the bindings read names as jsii spells them; in Python's spelling they are dropped in silence.
        encryption = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key_arn}
        tf.S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self.name,
            rule=[{"applyServerSideEncryptionByDefault": encryption, "bucketKeyEnabled": True}],
        ).override_logical_id(kind)
        tf.S3BucketPolicy(
            self, "tls", bucket=self.name, policy=json.dumps(_tls_only(name)), depends_on=[block]
        ).override_logical_id(kind)

    def version(self) -> None:
        """Keep what was overwritten, for a month."""
        versioning = tf.S3BucketVersioningA(
            self, "versions", bucket=self.name, versioning_configuration={"status": "Enabled"}
        )
        versioning.override_logical_id(self._kind)
        self._expire([_rule("old-versions", noncurrentVersionExpiration=[{"noncurrentDays": 30}])])

    def expire(self, days: int) -> None:
        """Remove objects after *days*, and at once what was begun and never ended."""
        self._expire([_rule("landed-files", expiration=[{"days": days}])])

    def _expire(self, rules: list[dict[str, object]]) -> None:
        begun = _rule("unfinished-uploads", abortIncompleteMultipartUpload=[{"daysAfterInitiation": 3}])
        configuration = tf.S3BucketLifecycleConfiguration(self, "lifecycle", bucket=self.name, rule=[*rules, begun])
        configuration.override_logical_id(self._kind)


def _rule(name: str, **what: Any) -> dict[str, object]:
    """A rule of a lifecycle, for a list: its names as jsii spells them."""
    return {"id": name, "status": "Enabled", "filter": [{"prefix": ""}], **what}


def _tls_only(name: str) -> dict[str, object]:
    return policy(
        {
            "Sid": "RefuseWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


class Storage(tf.Construct):
    """Landing bucket, control bucket, ledger.

    The landing bucket has no versions: DMS writes each key once, and what it overwrote would be paid for unseen.
    """

    def __init__(self, scope: tf.Construct, settings: Settings, key_arn: str) -> None:
        super().__init__(scope, "storage")
        landing = Bucket(self, "landing", settings, name=settings.landing_bucket, key_arn=key_arn)
        landing.expire(settings.stack.landing_retention_days)
        name = control_bucket(settings.prefix, settings.account)
        Bucket(self, "control", settings, name=name, key_arn=key_arn).version()
        ledger = tf.DynamodbTable(
            self,
            "ledger",
            name=ledger_table(settings.prefix),
            billing_mode="PAY_PER_REQUEST",
            hash_key="pk",
            range_key="sk",
            attribute=[{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}],
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": key_arn},
            deletion_protection_enabled=settings.stack.keep_data,
        )
        ledger.override_logical_id("ledger")
