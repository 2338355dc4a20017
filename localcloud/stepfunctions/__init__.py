"""Step Functions on one machine: the subset of the States Language and of the API that our machines use."""

from localcloud.stepfunctions.api import StepFunctions
from localcloud.stepfunctions.errors import FunctionError

__all__ = ["FunctionError", "StepFunctions"]
