"""Stand-ins for AWS and Snowflake on one machine."""
