"""What every stack of the fleet has: the provider, held to the account, and a place for Terraform's state."""

from __future__ import annotations

from collections.abc import Iterable

from fleet.databases import Server, Settings
from fleet.names import FLEET_TAG, data_key_alias, state_key
from orchestration.constructs import toolchain as tf
from orchestration.literals import literal


class FleetStack(tf.TerraformStack):
    """A stack of *settings*. Stacks find each other's resources by names, never by each other's state."""

    def __init__(self, scope: tf.Construct, name: str, settings: Settings) -> None:
        super().__init__(scope, name)
        self.settings = settings
        tags = {literal(one.key): literal(one.value) for one in settings.stack.tags}
        tf.AwsProvider(
            self,
            "aws",
            region=settings.region,
            # Credentials of another account are refused before anything is planned.
            allowed_account_ids=[settings.account],
            default_tags=[{"tags": {**tags, FLEET_TAG: settings.prefix}}],
        )
        self.add_override("terraform.required_providers.aws.version", tf.PROVIDER_VERSION)
        self.add_override("terraform.required_version", ">= 1.10")  # S3's own lock of the state
        if bucket := settings.stack.state_bucket:
            key = state_key(settings.prefix, name)
            tf.S3Backend(self, bucket=bucket, key=key, region=settings.region, encrypt=True)
            self.add_override("terraform.backend.s3.use_lockfile", True)  # CDKTF 0.21 does not know it
        else:
            # A path of its own: CDKTF's default is an absolute one, and no two machines would synthesise the same.
            tf.LocalBackend(self, path=f"{name}.tfstate")

    def output(self, name: str, value: str, description: str) -> None:
        """Something that a person needs next."""
        tf.TerraformOutput(self, name, value=value, description=description)

    def find_data_key(self) -> str:
        """The ARN of the key of everything at rest, which the foundation makes."""
        return tf.DataAwsKmsAlias(self, "data_key", name=data_key_alias(self.settings.prefix)).target_key_arn

    def find_secrets(self, servers: Iterable[Server]) -> dict[str, str]:
        """The ARN of each server's secret, by the server's id."""
        arns: dict[str, str] = {}
        for server in servers:
            if server.secret.startswith("arn:"):
                arns[server.id] = server.secret
            else:
                found = tf.DataAwsSecretsmanagerSecret(self, f"secret-{server.id}", name=server.secret)
                found.override_logical_id(f"secret_{server.id.replace('-', '_')}")
                arns[server.id] = found.arn
        return arns
