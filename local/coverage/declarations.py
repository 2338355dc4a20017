"""Everything that the local cloud declares of itself, by service: the one place that knows where declarations stand."""

from __future__ import annotations

from dataclasses import dataclass

from local.coverage import behaviours_cloud
from local.faults.behaviours import BEHAVIOURS as FAULTS
from localcloud.authorization.behaviours import BEHAVIOURS as AUTHORIZATION
from localcloud.behaviours import Behaviour
from localcloud.dms.behaviours import BEHAVIOURS as DMS
from localcloud.http.behaviours import BEHAVIOURS as HTTP
from localcloud.lambda_service.behaviours import BEHAVIOURS as LAMBDA
from localcloud.snowflake.behaviours import BEHAVIOURS as SNOWFLAKE
from localcloud.stepfunctions.behaviours import BEHAVIOURS as STEP_FUNCTIONS


@dataclass(frozen=True, slots=True)
class Section:
    """One service. *place*: where its code stands. *service*: boto3's name, if it is one of AWS whose operations are
    declared one by one."""

    title: str
    place: str
    behaviours: tuple[Behaviour, ...]
    service: str = ""


SECTIONS = (
    Section("DMS", "localcloud/dms/", DMS, "dms"),
    Section("Step Functions", "localcloud/stepfunctions/", STEP_FUNCTIONS, "stepfunctions"),
    Section("Snowflake, SQL API v2", "localcloud/snowflake/", SNOWFLAKE),
    Section("One HTTP endpoint", "localcloud/http/", HTTP),
    Section(
        "Services by moto",
        "localcloud/aws.py, localcloud/moto_fast_path/",
        behaviours_cloud.BY_MOTO + behaviours_cloud.CORRECTED,
    ),
    Section("What a role may do", "localcloud/authorization/iam.py", behaviours_cloud.IAM),
    Section("Who may call what", "localcloud/authorization/", AUTHORIZATION),
    Section("Lambda", "localcloud/lambda_service/, local/functions.py", LAMBDA, "lambda"),
    Section("EventBridge", "localcloud/deliveries/event_bus.py", behaviours_cloud.EVENTS),
    Section("Time and crashes", "localcloud/clock.py, local/cloud.py", behaviours_cloud.TIME),
    Section("Sources", "local/sources/", behaviours_cloud.SOURCES),
    Section("Faults on request", "local/faults/", FAULTS),
)


def named(name: str) -> tuple[Section, Behaviour]:
    """The one behaviour of that name, with its section."""
    (found,) = ((section, one) for section in SECTIONS for one in section.behaviours if one.name == name)
    return found
