"""Where replication instances and AskSource stand: an existing VPC, or a minimal one without a way to the internet."""

from __future__ import annotations

from ipaddress import ip_network

from fleet.databases import Settings
from fleet.names import resource_name
from orchestration.constructs import toolchain as tf

SUBNET_BITS = 2
"""The minimal network is cut into this many halvings: room for four zones."""


def security_group_name(prefix: str) -> str:
    """Of whatever speaks to a source."""
    return resource_name(prefix, "sources")


def subnet_group_name(prefix: str) -> str:
    """DMS's name of the subnets its instances stand in."""
    return resource_name(prefix, "subnets")


def subnet_tags(prefix: str) -> dict[str, str]:
    """By which the other stacks find the minimal network's subnets."""
    return {"fleet-subnet": prefix}


class NetworkResources(tf.Construct):
    """Subnets, the security group of whatever speaks to sources, and the endpoints of S3 and Secrets Manager."""

    def __init__(self, scope: tf.Construct, settings: Settings) -> None:
        super().__init__(scope, "network")
        self._settings, self._network = settings, settings.stack.network
        vpc, self.subnet_ids, route_tables = self._make_vpc() if not self._network.vpc else self._adopt_vpc()
        group = tf.SecurityGroup(
            self,
            "sources",
            name=security_group_name(settings.prefix),
            description="Replication instances and AskSource",
            vpc_id=vpc,
        )
        group.override_logical_id("sources")
        self._may_reach(group)
        if "s3" in self._network.make_endpoints:
            self._make_s3_endpoint(vpc, route_tables)
        if "secretsmanager" in self._network.make_endpoints:
            self._make_secrets_endpoint(vpc, group)

    def _adopt_vpc(self) -> tuple[str, list[str], list[str]]:
        return self._network.vpc, list(self._network.subnets), list(self._network.route_tables)

    def _make_vpc(self) -> tuple[str, list[str], list[str]]:
        prefix = self._settings.prefix
        vpc = tf.Vpc(
            self,
            "vpc",
            cidr_block=self._network.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # the endpoint's private name needs it
            tags={"Name": prefix},
        )
        vpc.override_logical_id("vpc")
        table = tf.RouteTable(self, "routes", vpc_id=vpc.id, tags={"Name": prefix})
        table.override_logical_id("routes")
        blocks = ip_network(self._network.cidr).subnets(prefixlen_diff=SUBNET_BITS)
        subnets = []
        for zone, block in zip(self._network.zones, blocks, strict=False):
            subnet = tf.Subnet(
                self,
                zone,
                vpc_id=vpc.id,
                cidr_block=str(block),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={"Name": resource_name(prefix, zone), **subnet_tags(prefix)},
            )
            subnet.override_logical_id(f"zone_{zone.replace('-', '_')}")
            way = tf.RouteTableAssociation(self, f"way-{zone}", subnet_id=subnet.id, route_table_id=table.id)
            way.override_logical_id(f"zone_{zone.replace('-', '_')}")
            subnets.append(subnet.id)
        return vpc.id, subnets, [table.id]

    def _may_reach(self, group: tf.SecurityGroup) -> None:
        """The sources, on any port, because each server's is said in its secret alone; and AWS, over HTTPS.

        Nothing comes in: what is in it calls, and is not called.
        """
        for number, block in enumerate(self._network.source_networks):
            rule = tf.VpcSecurityGroupEgressRule(
                self,
                f"source-network-{number}",
                security_group_id=group.id,
                description="Sources",
                ip_protocol="tcp",
                from_port=0,
                to_port=65535,
                cidr_ipv4=block,
            )
            rule.override_logical_id(f"sources_{number}")
        tf.VpcSecurityGroupEgressRule(
            self,
            "aws",
            security_group_id=group.id,
            # Anywhere: S3's addresses are public ones, even behind the endpoint, which is where the routes lead.
            description="S3 and Secrets Manager",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
        ).override_logical_id("sources_to_aws")

    def _make_s3_endpoint(self, vpc: str, route_tables: list[str]) -> None:
        s3 = tf.VpcEndpoint(
            self,
            "s3",
            vpc_id=vpc,
            service_name=f"com.amazonaws.{self._settings.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=route_tables,
            tags={"Name": resource_name(self._settings.prefix, "s3")},
        )
        s3.override_logical_id("s3")

    def _make_secrets_endpoint(self, vpc: str, group: tf.SecurityGroup) -> None:
        region, prefix = self._settings.region, self._settings.prefix
        door = tf.SecurityGroup(
            self,
            "endpoint",
            name=resource_name(prefix, "secrets-endpoint"),
            description="The endpoint of Secrets Manager",
            vpc_id=vpc,
        )
        door.override_logical_id("secrets_endpoint")
        tf.VpcSecurityGroupIngressRule(
            self,
            "from-sources",
            security_group_id=door.id,
            description="Replication instances and AskSource",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            referenced_security_group_id=group.id,
        ).override_logical_id("secrets_endpoint")
        secrets = tf.VpcEndpoint(
            self,
            "secrets",
            vpc_id=vpc,
            service_name=f"com.amazonaws.{region}.secretsmanager",
            vpc_endpoint_type="Interface",
            subnet_ids=self.subnet_ids,
            security_group_ids=[door.id],
            private_dns_enabled=True,
            tags={"Name": resource_name(prefix, "secrets")},
        )
        secrets.override_logical_id("secrets")
