"""The fields of one object of a definition, read with an error that names the state and the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from localcloud.stepfunctions.errors import (
    DefinitionError,
    DefinitionNotEmulatedError,
    SyntaxNotEmulatedError,
    SyntaxNotReadError,
)
from localcloud.stepfunctions.language.paths import Path, read_path

T = TypeVar("T")

# Fields that the language has and this engine has not, in one type of state or another. Other unknown names are wrong.
_OF_THE_LANGUAGE = {
    *("QueryLanguage", "Assign", "Arguments", "Output", "Items", "Condition", "Credentials"),
    *("HeartbeatSeconds", "HeartbeatSecondsPath", "ExecutionType", "Iterator", "ItemReader", "ItemBatcher"),
    *("ResultWriter", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath"),
    *("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
}


class Fields:
    """*content* is the object at *where*, as "state 'PollTask'"; it may hold only fields in *known*."""

    def __init__(self, where: str, content: Any, known: set[str]) -> None:
        self.where = where
        if not isinstance(content, dict):
            raise DefinitionError(f"{where}: an object is wanted, found {content!r}")
        self._content: Mapping[str, Any] = content
        for name in content:
            if name not in known:
                if name in _OF_THE_LANGUAGE:
                    raise self.not_emulated(name, "not emulated here")
                raise self.error(name, f"no field of this name is known here; known are {', '.join(sorted(known))}")

    def __contains__(self, name: str) -> bool:
        return name in self._content

    def error(self, name: str, problem: str, code: str = "SCHEMA_VALIDATION_FAILED") -> DefinitionError:
        """The error that says *problem* of the field *name*."""
        return DefinitionError(f"{self.where}, field {name!r}: {problem}", code)

    def not_emulated(self, name: str, problem: str) -> DefinitionError:
        """The error that says that the field *name* is valid, but not emulated."""
        return DefinitionNotEmulatedError(f"{self.where}, field {name!r}: {problem}")

    def cannot_read(self, name: str, error: SyntaxNotReadError) -> DefinitionError:
        """What *error* makes of the definition."""
        is_right = isinstance(error, SyntaxNotEmulatedError)
        return self.not_emulated(name, str(error)) if is_right else self.error(name, str(error))

    def any(self, name: str) -> Any:
        """The value of *name*, which must be there."""
        if name not in self._content:
            raise self.error(name, "missing")
        return self._content[name]

    def text(self, name: str) -> str:
        """The text in *name*."""
        value = self.any(name)
        if not isinstance(value, str):
            raise self.error(name, f"a text is wanted, found {value!r}")
        return value

    def integer(self, name: str, default: int, *, low: int = 0, high: int = 99_999_999) -> int:
        """The whole number in *name*. Source: the bounds of TimeoutSeconds in AWS's reference of Task states."""
        value = self._content.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.error(name, f"a whole number from {low} to {high} is wanted, found {value!r}")
        return value

    def list(self, name: str) -> list[Any]:
        """The list in *name*, none when the field is missing."""
        value = self._content.get(name, [])
        if not isinstance(value, list):
            raise self.error(name, f"a list is wanted, found {value!r}")
        return value

    def read(self, name: str, reader: Callable[[Any], T]) -> T:
        """What *reader* makes of the value of *name*."""
        try:
            return reader(self.any(name))
        except SyntaxNotReadError as error:
            raise self.cannot_read(name, error) from None

    def path(self, name: str) -> Path:
        """The path in *name*; the whole input when the field is missing."""
        if name not in self:
            return read_path("$")
        self.text(name)
        return self.read(name, read_path)

    def path_or_null(self, name: str) -> Path | None:
        """Like `path`; None when the field holds null."""
        return None if name in self and self.any(name) is None else self.path(name)

    def one_of(self, *names: str, required: bool) -> str | None:
        """Which of *names* is there; at most one may be."""
        found = [name for name in names if name in self]
        if len(found) > 1 or (required and not found):
            raise self.error(names[0], f"{'exactly' if required else 'at most'} one of {', '.join(names)} is wanted")
        return found[0] if found else None
