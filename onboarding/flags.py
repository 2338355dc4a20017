"""The onboarded flags of a pipeline's environment, which win over the file's.

Azure DevOps hands a variable group's variables to a process in upper case, with `.` and blanks as `_`.
Source: https://learn.microsoft.com/en-us/azure/devops/pipelines/process/variables (documented).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fleet.spelling import did_you_mean
from onboarding.findings import Finding

PREFIX = "FLEET_ONBOARD_"
_VALUES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def flag_name(database_id: str) -> str:
    """The variable that says whether *database_id* is onboarded. No two ids share one: ids have no underscore.

    >>> flag_name("nyc-flights")
    'FLEET_ONBOARD_NYC_FLIGHTS'
    """
    return PREFIX + database_id.replace("-", "_").upper()


def read_flags(environment: Mapping[str, str], database_ids: Collection[str]) -> tuple[dict[str, bool], list[Finding]]:
    """The flag of each database that *environment* speaks of, and the variables that cannot be followed.

    >>> read_flags({"FLEET_ONBOARD_NYC_FLIGHTS": "Yes", "HOME": "/root"}, ["nyc-flights", "chinook"])
    ({'nyc-flights': True}, [])
    """
    by_variable = {flag_name(database_id): database_id for database_id in database_ids}
    flags: dict[str, bool] = {}
    findings: list[Finding] = []
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX):
            continue
        value = _VALUES.get(text.strip().lower())
        if variable not in by_variable:
            why = f"matches no database of the registry. {did_you_mean(variable, by_variable)}"
            findings.append(Finding(f"environment: {variable}", 0, f"{why} Mend its name or remove the variable."))
        elif value is None:
            why = f"is {text!r}, wanted true, false, 1, 0, yes or no. Mend it in the pipeline's variable group."
            findings.append(Finding(f"environment: {variable}", 0, why))
        else:
            flags[by_variable[variable]] = value
    return flags, findings
