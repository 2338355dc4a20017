"""Every error we raise on purpose. Step Functions matches these names exactly: renaming one changes a state machine.

FleetError
├── RegistryError              the registry or its settings are wrong; says file and line
│   ├── EmptyRegistryError
│   ├── DuplicateNameError
│   ├── UnknownDatabaseError
│   └── MalformedSettingError
├── RequestError               an input of a run is wrong
│   ├── MalformedInputError
│   ├── MalformedIdError
│   ├── UnknownRunError
│   ├── RunNotOverError        a run that goes on was to be run again
│   └── NothingToRerunError    nothing of the old run is left to do
├── QuotaExceededError         a vendor's limit does not hold what was asked
├── ClaimLostError             a newer attempt at this database exists; this execution must not act
├── TaskNotAtRestError         a task still moves where it must not
├── ApiRefusedError            AWS refused a call, and not in a way that passes or that is data
├── DatabaseNotOkError         raised by Conclude, so that the execution is red
├── RunNotOkError              raised by CloseRun, so that the run is red
├── TransientError             an API failed in a way that passes; retried
└── ThrottledError             an API asked us to slow down; retried
"""

from __future__ import annotations

from fleet.sentences import end_sentence


class FleetError(Exception):
    """Something happened to a thing; the message names it, the value found and wanted, and what to do next."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{end_sentence(message)} {remedy}" if remedy else message)
        self.remedy = remedy


class RegistryError(FleetError):
    """The registry cannot be used as it is written."""


class EmptyRegistryError(RegistryError):
    """The registry holds no database."""


class DuplicateNameError(RegistryError):
    """Two entries of the registry have one name."""


class UnknownDatabaseError(RegistryError):
    """A database was named that the registry does not hold."""


class MalformedSettingError(RegistryError):
    """A field of the registry has a value that it may not have, or a name that no field has."""


class RequestError(FleetError):
    """The input of a run or of a handler is wrong."""


class MalformedInputError(RequestError):
    """An input lacks a field, has one too many, or has a wrong value in one."""


class MalformedIdError(RequestError):
    """An id breaks its rule (`fleet/names.py`)."""


class UnknownRunError(RequestError):
    """No plan is stored under the run that was named."""


class RunNotOverError(RequestError):
    """The run that is to be run again goes on: what it has not done yet would be done twice."""


class NothingToRerunError(RequestError):
    """Nothing of the run that is to be run again failed, or nothing of the kind that was asked for."""


class QuotaExceededError(FleetError):
    """A vendor's limit does not hold what was asked: which, by how much, what to do."""


class ClaimLostError(FleetError):
    """A newer attempt at this database exists, so this execution may not act any more."""


class TaskNotAtRestError(FleetError):
    """A task of the database still moves, so the database may not be given back."""


class ApiRefusedError(FleetError):
    """AWS refused a call: a permission is missing, or we asked for what cannot be."""


class DatabaseNotOkError(FleetError):
    """The database did not end ok; the outcome is recorded and says why."""


class RunNotOkError(FleetError):
    """At least one database of the run did not end ok."""


class TransientError(FleetError):
    """An API failed in a way that passes by itself."""


class ThrottledError(FleetError):
    """An API asked us to slow down."""
