"""What the tests write into registries of their own."""

SETTINGS = """\
prefix: fleet
account: "123456789012"
region: eu-central-1
landing_bucket: fleet-landing
snowflake:
  account: DEMO-FLEET
  account_url: https://demo-fleet.snowflakecomputing.com
  user: LOADER
  key_id: alias/loader
  role: LOADER
  warehouse: LOADING
  database: FLEET
"""
