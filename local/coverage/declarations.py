"""Everything that the local cloud declares of itself, by service: the one place that knows where declarations stand."""

from __future__ import annotations

from dataclasses import dataclass

from local.authorization.behaviours import BEHAVIOURS as AUTHORIZATION
from local.coverage import behaviours_cloud
from local.coverage.behaviours import Behaviour
from local.dms.behaviours import BEHAVIOURS as DMS
from local.faults.behaviours import BEHAVIOURS as FAULTS
from local.http.behaviours import BEHAVIOURS as HTTP
from local.lambda_service.behaviours import BEHAVIOURS as LAMBDA
from local.snowflake.behaviours import BEHAVIOURS as SNOWFLAKE
from local.stepfunctions.behaviours import BEHAVIOURS as STEP_FUNCTIONS


@dataclass(frozen=True, slots=True)
class Section:
    """One service. *place*: where its code stands. *service*: boto3's name, if it is one of AWS whose operations are
    declared one by one."""

    title: str
    place: str
    behaviours: tuple[Behaviour, ...]
    service: str = ""


SECTIONS = (
    Section("DMS", "local/dms/", DMS, "dms"),
    Section("Step Functions", "local/stepfunctions/", STEP_FUNCTIONS, "stepfunctions"),
    Section("Snowflake, SQL API v2", "local/snowflake/", SNOWFLAKE),
    Section("One HTTP endpoint", "local/http/", HTTP),
    Section(
        "Services by moto", "local/aws.py, local/shortcuts/", behaviours_cloud.BY_MOTO + behaviours_cloud.CORRECTED
    ),
    Section("What a role may do", "local/iam.py", behaviours_cloud.IAM),
    Section("Who may call what", "local/authorization/", AUTHORIZATION),
    Section("Lambda", "local/lambda_service/, local/functions.py", LAMBDA, "lambda"),
    Section("EventBridge", "local/events.py", behaviours_cloud.EVENTS),
    Section("Time and crashes", "local/clock.py, local/cloud.py", behaviours_cloud.TIME),
    Section("Sources", "local/sources/", behaviours_cloud.SOURCES),
    Section("Faults on request", "local/faults/", FAULTS),
)


def named(name: str) -> tuple[Section, Behaviour]:
    """The one behaviour of that name, with its section."""
    (found,) = ((section, one) for section in SECTIONS for one in section.behaviours if one.name == name)
    return found
