"""Lambda in the local cloud: our own handlers, called in this process, with its clients around each call."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from fleet.names import function_name
from lambdas.wiring import LOCAL, Clients
from localcloud.errors import FunctionError
from orchestration.functions import MODULES

Around = Callable[[str, Mapping[str, Any], Callable[[], Any]], Any]


class HandlersInProcess:
    """The deployed functions by name. *around*: makes each call, given the state's name and the event. *modules*: the
    handler's module for each function's name; all of ours by default."""

    def __init__(
        self, prefix: str, clients: Callable[[], Clients], around: Around, modules: Mapping[str, str] = MODULES
    ) -> None:
        self._clients = clients
        self._around = around
        self._handlers = {
            function_name(prefix, name): (name, importlib.import_module(module).handler)
            for name, module in modules.items()
        }

    def invoke(self, arn_or_name: str, event: dict[str, object]) -> Any:
        """The handler's answer.

        Raises:
            FunctionError: The handler raised, its process died, or there is no such function.
        """
        name = arn_or_name.rpartition(":")[2]
        if name not in self._handlers:
            raise FunctionError("Lambda.ResourceNotFoundException", f"Function not found: {arn_or_name}")
        state, handler = self._handlers[name]
        context = copy_context()
        context.run(LOCAL.set, self._clients())
        # Through JSON and back, as Lambda does: a handler sees no object of its caller's.
        payload = json.loads(json.dumps(event))
        try:
            answer = context.run(self._around, state, payload, lambda: handler(payload, None))
            return json.loads(json.dumps(answer))
        except FunctionError:  # the function died: there is no exception of its own
            raise
        except Exception as error:  # every error of a handler becomes Lambda's answer
            raise FunctionError(type(error).__name__, str(error)) from error

    def invoke_later(self, arn: str, event: Any) -> None:
        """Call it, for somebody who does not wait for its answer."""
        self.invoke(arn, event)

    def is_allowed(self, arn: str, service: str, source_arn: str) -> bool:  # noqa: ARG002  as LambdaService has it
        """Whether *service* may call: these functions have no policies, and everyone may."""
        return True
