"""The members of a rule of `TableMappings`, each taken once, so that what is left over is noticed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.in_process_transport import AwsError


def refusal(message: str) -> AwsError:
    """The fault for a malformed mapping. Its code is assumed (it is not in the service model)."""
    return AwsError("InvalidParameterValueException", message)


class Rule:
    """One rule's members; each is taken once, and what is left over is unknown to DMS."""

    def __init__(self, rule: object, seen: Mapping[str, set[str]]) -> None:
        if not isinstance(rule, dict):
            raise refusal("Error in mapping rules. A rule must be an object.")
        self._left: dict[str, Any] = dict(rule)
        self.id = str(rule.get("rule-id"))
        if not self.id.isdigit():
            raise self.refusal("rule-id must be numeric.")
        name = self.text("rule-name") if rule.get("rule-name") is not None else self.id
        for key, value in (("rule-id", self.id), ("rule-name", name)):
            if value in seen[key]:
                raise self.refusal(f"{key} {value!r} is not unique.")
            seen[key].add(value)
            self._left.pop(key, None)

    def refusal(self, why: str) -> AwsError:
        return refusal(f"Error in mapping rules. Rule with ruleId = {self.id} failed validation. {why}")

    def take(self, key: str, default: Any = None) -> Any:
        # A null member is refused on the way back in, though the API itself hands it out (observed: aws/aws-cli#7057).
        if key in self._left and self._left[key] is None:
            raise self.refusal(f"{key} is null.")
        return self._left.pop(key, default)

    def take_empty(self, key: str) -> None:
        """Let *key* be there without a value, as the console exports it (observed in many public mappings)."""
        if key in self._left and self._left[key] in (None, "", {}):
            del self._left[key]

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value:
            raise self.refusal(f"{key} must be a text that is not empty, not {value!r}.")
        return value

    def locator(self) -> tuple[str, str, dict[str, Any]]:
        """Schema, table and the further members of the object-locator."""
        locator = self.take("object-locator")
        if not isinstance(locator, dict):
            raise self.refusal("object-locator is missing.")
        rest = dict(locator)
        names = rest.pop("schema-name", None), rest.pop("table-name", None)
        if not all(isinstance(name, str) and name for name in names):
            raise self.refusal("object-locator must name schema-name and table-name.")
        return str(names[0]), str(names[1]), rest

    def close(self) -> None:
        if self._left:
            raise self.refusal(f"Unknown members: {', '.join(sorted(self._left))}.")
