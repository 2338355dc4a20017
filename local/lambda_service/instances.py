"""The processes that run uploaded code: warm, each for one function, with nothing importable but the package."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from local.clock import Clock
from local.stepfunctions.errors import FunctionError

_RUNTIME = Path(__file__).with_name("runtime.py")


class Instances:
    """The processes of one function, as it is configured now. At most *most* of them; further calls wait.

    *package*: the folder of its code; *environment*: all that the processes get; *log*: where they print to;
    *called*: told after each call, when what it printed is in the log.
    """

    def __init__(
        self,
        package: Path,
        handler: str,
        environment: Mapping[str, str],
        log: Path,
        *,
        timeout_seconds: float,
        most: int,
        called: Callable[[], None],
    ) -> None:
        self._package = package
        self._handler = handler
        self._environment = dict(environment)
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._called = called
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self._is_retired = False

    def invoke(self, arn: str, event: Any, clock: Clock) -> Any:
        """The handler's answer to *event*.

        Raises:
            FunctionError: The handler raised, could not be imported, took too long, or its process ended.
        """
        told = {
            "event": event,
            "arn": arn,
            "request_id": str(uuid.uuid4()),
            "timeout_seconds": self._timeout_seconds,
            "now": clock.now().timestamp(),
            "scale": 0.0 if clock.kind == "frozen" else clock.scale,
        }
        with self._free:
            process = self._take()
            line = self._ask(process, json.dumps(told))
            if line:
                self._give_back(process)
        ended = None if line else self._ended(process, told["request_id"])
        self._called()
        if ended:
            raise ended
        said = json.loads(line)
        if "error" in said:
            error = said["error"]
            raise FunctionError(error["errorType"], error["errorMessage"], error["stackTrace"])
        return said["answer"]

    def retire(self) -> None:
        """End the idle processes now, and each other one after its answer. Idempotent."""
        with self._lock:
            self._is_retired, ending, self._idle = True, self._idle, []
        for process in ending:
            _end(process)

    def _take(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        with self._log.open("a", encoding="utf-8") as log:
            # -I: no environment of Python's, no folder of the user's; -S: no site-packages. What is compiled goes
            # beside the package, which stays as it was uploaded.
            return subprocess.Popen(  # noqa: S603  the interpreter that runs us
                [
                    sys.executable,
                    *("-I", "-S", "-X", f"pycache_prefix={self._package}.compiled"),
                    *(str(_RUNTIME), str(self._package), self._handler),
                ],
                env=self._environment,
                cwd=self._package,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def _ask(self, process: subprocess.Popen[str], line: str) -> str:
        """Its answer; nothing if it ended or had to be ended."""
        assert process.stdin is not None  # noqa: S101  it was made with both
        assert process.stdout is not None  # noqa: S101
        timer = threading.Timer(self._timeout_seconds, process.kill)
        timer.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return ""
        finally:
            timer.cancel()

    def _give_back(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            if not self._is_retired:
                self._idle.append(process)
                return
        _end(process)

    def _ended(self, process: subprocess.Popen[str], request_id: str) -> FunctionError:
        """In the words of Lambda (observed in public; the errors' names are documented).

        Source: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
        """
        _end(process)
        if process.returncode == -9:
            words = f"Task timed out after {self._timeout_seconds:.2f} seconds"
            return FunctionError("Sandbox.Timedout", f"RequestId: {request_id} Error: {words}")
        words = f"Runtime exited with error: exit status {process.returncode}"
        return FunctionError("Runtime.ExitError", f"RequestId: {request_id} Error: {words}")


def _end(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait()
