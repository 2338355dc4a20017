"""The processes that run uploaded code: warm, each for one function, with nothing importable but the package."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from localcloud.clock import Clock
from localcloud.errors import FunctionError

_RUNTIME = Path(__file__).with_name("runtime.py")
_LOOK_SECONDS = 0.1
Limit = Literal["time", "memory"]


class ExecutionEnvironments:
    """The execution environments of one function, as it is configured now: a process each.

    At most *most* of them; further calls wait. *package*: the folder of its code; *environment*: all that the processes
    get; *log*: where they print to; *called*: after each call, when what it printed is in the log.
    """

    def __init__(
        self,
        package: Path,
        handler: str,
        environment: Mapping[str, str],
        log: Path,
        *,
        timeout_seconds: float,
        memory_megabytes: int,
        most: int,
        called: Callable[[], None],
    ) -> None:
        self._package = package
        self._handler = handler
        self._environment = dict(environment)
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_megabytes * 2**20
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
        call = {
            "event": event,
            "arn": arn,
            "request_id": str(uuid.uuid4()),
            "timeout_seconds": self._timeout_seconds,
            "now": clock.now().timestamp(),
            "scale": 0.0 if clock.kind == "frozen" else clock.scale,
        }
        with self._free:
            process = self._take()
            line, why = self._ask(process, json.dumps(call))
            if line:
                self._give_back(process)
        ended = None if line else self._ended(process, call["request_id"], why)
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
            process = subprocess.Popen(  # noqa: S603  the interpreter that runs us
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
        # The start of a process is not in the function's time. Source:
        # https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
        assert process.stdout is not None  # noqa: S101  it was made with it
        process.stdout.readline()
        return process

    def _ask(self, process: subprocess.Popen[str], line: str) -> tuple[str, Limit | None]:
        """Its answer; nothing if it ended or had to be ended, and then the limit that it went beyond, if any."""
        assert process.stdin is not None  # noqa: S101  it was made with both
        assert process.stdout is not None  # noqa: S101
        beyond: list[Limit] = []
        answered = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(process, answered, beyond), daemon=True)
        watcher.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            answered.set()
            watcher.join()
        return answer, beyond[0] if beyond else None

    def _watch(self, process: subprocess.Popen[str], answered: threading.Event, beyond: list[Limit]) -> None:
        """Kill *process* when its time or its memory is spent, and say which."""
        ends = time.monotonic() + self._timeout_seconds
        while not answered.wait(min(_LOOK_SECONDS, max(0.0, ends - time.monotonic()))):
            limit: Limit | None = "time" if time.monotonic() >= ends else None
            limit = "memory" if _resident_bytes(process.pid) > self._memory_bytes else limit
            if limit is not None:
                beyond.append(limit)
                process.kill()
                return

    def _give_back(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            if not self._is_retired:
                self._idle.append(process)
                return
        _end(process)

    def _ended(self, process: subprocess.Popen[str], request_id: str, why: Limit | None) -> FunctionError:
        """In the words of Lambda (observed in public; the names of time-out and exit are documented).

        Source: https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html and
        https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception
        """
        _end(process)
        code = process.returncode
        how = "signal: killed" if code == -signal.SIGKILL else f"exit status {code}"
        exited = f"Runtime exited with error: {how}"
        name, words = {
            "time": ("Sandbox.Timedout", f"Task timed out after {self._timeout_seconds:.2f} seconds"),
            "memory": ("Runtime.OutOfMemory", exited),
            None: ("Runtime.ExitError", exited),
        }[why]
        return FunctionError(name, f"RequestId: {request_id} Error: {words}")


def _resident_bytes(pid: int) -> int:
    """The memory that the process *pid* holds; 0 where the system does not say, as on macOS."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _end(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait()
