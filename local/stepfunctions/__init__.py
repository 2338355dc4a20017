"""Step Functions on one machine: the subset of the States Language and of the API that our machines use."""

from local.stepfunctions.api import StepFunctions
from local.stepfunctions.errors import FunctionError

__all__ = ["FunctionError", "StepFunctions"]
