"""What a definition means once it is read: states with their paths, templates and rules compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from localcloud.stepfunctions.language.choices import Rule
from localcloud.stepfunctions.language.paths import Path
from localcloud.stepfunctions.language.retries import Catcher, Retrier
from localcloud.stepfunctions.language.templates import Template


@dataclass(frozen=True, slots=True)
class FunctionTask:
    """Invokes the Lambda function *arn*. *timeout*: seconds, where to read them, or none."""

    arn: str
    timeout: int | Path | None


@dataclass(frozen=True, slots=True)
class ExecutionTask:
    """Starts an execution and waits for its end."""

    timeout: int | Path | None


@dataclass(frozen=True, slots=True)
class PassOn:
    """Gives its input, or *result* if *replaces*."""

    replaces: bool
    result: object


@dataclass(frozen=True, slots=True)
class Wait:
    """Waits for *seconds*, or as long as it reads."""

    seconds: int | Path


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Waits until *moment*, or the one it reads."""

    moment: datetime | Path


@dataclass(frozen=True, slots=True)
class Choice:
    """Goes to the state of the first rule that holds, else to *default*."""

    rules: tuple[tuple[Rule, str], ...]
    default: str | None


@dataclass(frozen=True, slots=True)
class Map:
    """Runs the states of *processor* once for each item, at most *at_once* together (0: as many as AWS surely does)."""

    processor: States
    items_path: Path
    item_selector: Template | None
    at_once: int | Path


@dataclass(frozen=True, slots=True)
class Succeed:
    """Ends."""


@dataclass(frozen=True, slots=True)
class Parallel:
    """Runs the states of every branch at once."""

    branches: tuple[States, ...]


@dataclass(frozen=True, slots=True)
class Fail:
    """Ends with an error; *error* and *cause* are texts, what reads them, or none."""

    error: str | Template | None
    cause: str | Template | None


Doing = FunctionTask | ExecutionTask | PassOn | Wait | WaitUntil | Choice | Map | Parallel | Succeed | Fail


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state. *next* is none at an end; a path is none where the definition says null; *result_path* is the names
    under which the result is put into the input (none of them: instead of it), None to drop the result."""

    name: str
    kind: str
    does: Doing
    next: str | None
    input_path: Path | None
    output_path: Path | None
    parameters: Template | None
    result_selector: Template | None
    result_path: tuple[str, ...] | None
    retriers: tuple[Retrier, ...]
    catchers: tuple[Catcher, ...]


@dataclass(frozen=True, slots=True)
class States:
    """States and where they begin: a machine's, or those of a Map's items."""

    start_at: str
    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class Definition:
    """A machine's definition. *timeout_seconds*: of an execution, none for no bound."""

    text: str
    flow: States
    timeout_seconds: int | None
