"""Holds what the stand-in for Step Functions answers against botocore's model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.model import Shape

from localcloud.stepfunctions import StepFunctions


def differences(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """Where *value* is not what botocore's model says."""
    kind = shape.type_name
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{where}.{name} is missing"
        for name, member in value.items():
            if name in shape.members:
                yield from differences(shape.members[name], member, f"{where}.{name}")
            else:
                yield f"{where}.{name} is unknown to AWS"
    elif kind == "list":
        for index, member in enumerate(value):
            yield from differences(shape.member, member, f"{where}[{index}]")
    else:
        wanted = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": datetime}[kind]
        if type(value) is not wanted or (getattr(shape, "enum", None) and value not in shape.enum):
            yield f"{where} is {value!r}, which is no {shape.name}"


class CheckedAnswers:
    """The engine's `answer`, with every answer held against the model of *client*."""

    def __init__(self, engine: StepFunctions) -> None:
        self._engine = engine
        self.model: Any = None
        self.client: Any = None
        self.operations: set[str] = set()

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        result = self._engine.answer(operation, parameters)
        assert not list(differences(self.model.operation_model(operation).output_shape, result, operation))
        self.operations.add(operation)
        return result
