"""moto, imported where no variable and no file of the user's reaches it.

moto makes boto3 sessions and reads variables of its own while it is imported, and once when it is first asked. So every
module that needs moto imports this one first; a test holds that. It takes a second, which the process of Snowflake's
stand-in does not need. EC2 has a module of its own (`moto_ec2.py`).
"""

from __future__ import annotations

from functools import cache

from localcloud.environment import own_environment

with own_environment():
    import botocore.loaders

    # moto makes four sessions, and each would read what EC2 is and where all services are: megabytes of JSON.
    create_loader = botocore.loaders.create_loader
    botocore.loaders.create_loader = cache(create_loader)

    import moto.iam.models
    import moto.s3.models  # noqa: F401
    from moto.core.base_backend import AccountSpecificBackend

    # moto keeps this session for the process, and asks it for the Regions of every service.
    AccountSpecificBackend.get_session().get_available_partitions()
    botocore.loaders.create_loader = create_loader
