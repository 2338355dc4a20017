"""Stand-ins for AWS and Snowflake on one machine.

moto makes boto3 sessions and reads variables of its own while it is imported. So it is imported here, before any module
below needs it, where no variable and no file of the user's reaches it.
"""

from localcloud.environment import own_environment

with own_environment():
    import moto.ec2.models
    import moto.iam.models
    import moto.s3.models  # noqa: F401
