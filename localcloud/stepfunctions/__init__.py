"""Step Functions on one machine: the subset of the States Language and of the API that our machines use."""

from localcloud.errors import FunctionError
from localcloud.stepfunctions.api import StepFunctions

__all__ = ["FunctionError", "StepFunctions"]
