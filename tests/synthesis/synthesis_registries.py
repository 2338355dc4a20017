"""Registries that show what the repository's own does not."""

from __future__ import annotations

from pathlib import Path

SETTINGS = """\
prefix: acme
account: "210987654321"
region: eu-west-1
landing_bucket: acme-landing
snowflake:
  account: ACME-ONE
  account_url: https://acme-one.snowflakecomputing.com
  user: LOADER
  key_id: arn:aws:kms:eu-west-1:210987654321:key/11111111-2222-3333-4444-555555555555
  role: LOADER
  warehouse: LOADING
  database: ACME
"""
EXISTING = """\
stack:
  network:
    vpc: vpc-0123456789abcdef0
    subnets: [subnet-0000000a, subnet-0000000b]
    make_endpoints: []
  replication:
    account_roles: adopt
    multi_az: true
    sizes: [{id: one, instance_class: dms.r6i.2xlarge, storage_gigabytes: 500}]
  nights:
    - {name: weekdays, mode: full, expression: cron(0 22 ? * MON-FRI *), time_zone: Europe/Berlin, tags: [x]}
    - {name: sundays, mode: full, expression: cron(0 2 ? * SUN *), flexible_minutes: 30}
  functions: {architecture: x86_64, python: "3.12", log_retention_days: 365}
  snowflake_trust: {user_arn: "arn:aws:iam::999999999999:user/snowflake", external_id: acme-fleet}
  emails: [ops@acme.example]
  keep_data: false
  tags: [{key: cost-centre, value: "4711"}]
"""
SERVERS = """\
- {id: pg, engine: postgresql, secret: acme/pg}
- id: my
  engine: mysql
  secret: "arn:aws:secretsmanager:eu-west-1:210987654321:secret:acme/my-AbCdEf"
  secret_key: arn:aws:kms:eu-west-1:210987654321:key/99999999-2222-3333-4444-555555555555
  ssl_mode: verify-full
  certificate: arn:aws:dms:eu-west-1:210987654321:cert:AUTHORITY
- id: ms
  engine: sqlserver
  secret: acme/ms
  endpoint_settings: {MultiSubnetFailover: true, ExecuteTimeout: 120, ApplicationIntent: ReadOnly}
- {id: plain, engine: postgresql, secret: acme/plain, ssl_mode: none}
"""
# Ids that would fall together if their hyphens were dropped, or that are called as other resources are.
TRICKY = ("a-b", "ab", "a-b-c", "ab-c", "secrets", "instance", "source-a", "source", "role", "snowflake")


def entry(id_: str, server: str, name: str, schema: str, more: str = "") -> str:
    """One onboarded database of databases.yaml."""
    fields = f'id: {id_}, server: {server}, name_at_source: "{name}", instance: one, schemas: ["{schema}"]'
    return f"- {{{fields}, onboarded: true, tags: [x]{more}}}\n"


def write_registry(folder: Path, stack: str, databases: str) -> Path:
    """A registry in *folder*. *stack*: the settings' section."""
    folder.mkdir(exist_ok=True)
    (folder / "settings.yaml").write_text(SETTINGS + stack, encoding="utf-8")
    (folder / "servers.yaml").write_text(SERVERS, encoding="utf-8")
    (folder / "databases.yaml").write_text(databases, encoding="utf-8")
    return folder
