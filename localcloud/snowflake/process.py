"""The stand-in in a process of its own, so that loading does not wait for the handlers' Python, nor they for it.

The process is asked as `Snowflake` is; it asks back for staged objects, which lie in the process of the local AWS.
"""

from __future__ import annotations

import gc
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.clock_reading import Reading
from localcloud.process_rpc import Peer, ProcessEndedError, call_alone, hang_up, serve, serve_alone
from localcloud.snowflake.loading.stages import Integration, StagedObject, Stages
from localcloud.snowflake.results import Result
from localcloud.snowflake.server import Answer, Snowflake
from localcloud.snowflake.sql.lexing import is_true
from localcloud.snowflake.writeback import Writeback

if TYPE_CHECKING:
    from localcloud.clock import Clock  # which loads an event loop

# How many requests run at once. More of them wait for each other inside of DuckDB: on two cores a night of 40 x 48
# tables took a quarter less with 2 than with 1 or with 4.
_WORKERS = 2
# After so many requests, most of them a table's. To look at a table that is in its file already costs a fifteenth of
# what it takes to bring one there.
_BROUGHT_AT_ONCE = 1_000


@dataclass(frozen=True)
class _Opening:
    """What the process needs to know before it is asked anything."""

    path: Path
    iam_user_arn: str
    account: str
    reading: Reading
    garbage: tuple[int, int, int]
    """When Python looks for it: as the parent does."""
    most_under_way: int | None


class SnowflakeProcess:
    """An `Account` in another process, which begins and ends with this object. Arguments as `Snowflake` has them."""

    def __init__(
        self,
        path: Path,
        stages: Stages,
        *,
        iam_user_arn: str,
        clock: Clock,
        account: str,
        most_under_way: int | None = None,
    ) -> None:
        self._clock = clock
        asked, *staged = (socket.socketpair() for _ in range(1 + _WORKERS))
        theirs = [line.detach() for _, line in (asked, *staged)]
        # A session of its own: Ctrl-C in the terminal is for this process, which closes the other in its time.
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-c", f"from {__name__} import main; main()", *map(str, theirs)],
            pass_fds=theirs,
            stdout=subprocess.DEVNULL,  # DuckDB draws bars there, and a person reads JSON
            start_new_session=True,
        )
        for line in theirs:
            os.close(line)
        self._staged = [Connection(ours.detach()) for ours, _ in staged]
        functions = {"list": stages.list, "read": stages.read, "delete": stages.delete}
        self._serving = [
            threading.Thread(target=serve_alone, args=(one, functions), name="stages", daemon=True)
            for one in self._staged
        ]
        for thread in self._serving:
            thread.start()
        connection = Connection(asked[0].detach())
        reading = clock.reading()
        connection.send(_Opening(path, iam_user_arn, account, reading, gc.get_threshold(), most_under_way))
        self._peer = Peer("The Snowflake stand-in", connection)
        self._closing: Future[Any] | None = None

    @property
    def pid(self) -> int:
        """The process, as the system knows it."""
        return self._process.pid

    def administer(self, statements: str, **context: str) -> list[Result]:
        """As `Account` has it."""
        return self._peer.call("administer", self._clock.reading(), statements, context)

    def answer(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """As `Account` has it."""
        request = (method, path, dict(query), dict(headers), body)
        with ExitStack() as held:
            held.callback(self._clock.hold())
            status, content = self._peer.call("answer", self._clock.reading(), *request)
            if status == 202 and is_true(query.get("async")):
                until_settled = held.pop_all()
                settled = self._peer.ask("settle", content["statementHandle"])
                settled.add_done_callback(lambda _: until_settled.close())
        return status, content

    def begin_close(self) -> None:
        """Let the files be closed while the caller does something else: nothing may be asked from here on."""
        if self._closing is None:
            self._closing = self._peer.ask("close")

    def close(self) -> None:
        """As `Account` has it."""
        self.begin_close()
        assert self._closing is not None  # noqa: S101  it has just begun
        with suppress(ProcessEndedError):  # it may have been killed, or closed before
            self._closing.result()
        self._peer.close()
        for connection, thread in zip(self._staged, self._serving, strict=True):
            hang_up(connection)
            thread.join()
        self._process.wait()


class _StagesOfParent:
    """`Stages`, asked of the process that has the local AWS."""

    def __init__(self, connections: list[Connection]) -> None:
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for connection in connections:
            self._free.put(connection)

    def list(self, integration: Integration, bucket: str, prefix: str) -> list[StagedObject]:
        return self._call("list", integration, bucket, prefix)

    def read(self, integration: Integration, bucket: str, key: str, into: Path) -> StagedObject:
        return self._call("read", integration, bucket, key, into)

    def delete(self, integration: Integration, one: StagedObject) -> None:
        self._call("delete", integration, one)

    def _call(self, function: str, *args: Any) -> Any:
        connection = self._free.get()
        try:
            return call_alone(connection, function, *args)
        finally:
            self._free.put(connection)


class _ParentsClock:
    """The time of the parent's clock, as it was read when the parent asked last."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._pool = ThreadPoolExecutor(_WORKERS)

    def monotonic(self) -> float:
        return self.reading.monotonic()

    def now(self) -> datetime:
        return self.reading.now()

    def work(self, function: Callable[..., object], *args: Any) -> None:
        self._pool.submit(function, *args)


def main() -> None:
    """Serve the account until the parent closes it or is gone."""
    connection, *staged = (Connection(int(line)) for line in sys.argv[1:])
    # DuckDB imports pandas at its first statement with parameters, to look for its kinds among them: 0.3 s for nothing.
    loaded: dict[str, Any] = sys.modules
    loaded["pandas"] = None
    opening: _Opening = connection.recv()
    gc.set_threshold(*opening.garbage)
    clock = _ParentsClock(opening.reading)
    snowflake = Snowflake(
        opening.path,
        _StagesOfParent(staged),
        iam_user_arn=opening.iam_user_arn,
        clock=clock,
        account=opening.account,
        most_under_way=opening.most_under_way,
    )

    def administer(reading: Reading, statements: str, context: Mapping[str, str]) -> list[Result]:
        clock.reading = reading
        return snowflake.administer(statements, **context)

    def answer(reading: Reading, *request: Any) -> Answer:
        clock.reading = reading
        return snowflake.answer(*request)

    writeback = Writeback(snowflake.checkpoint, _BROUGHT_AT_ONCE)

    def settle(handle: str) -> None:
        snowflake.settle(handle)
        writeback.count()

    def close() -> None:
        writeback.close()
        snowflake.finish()

    functions = {"administer": administer, "answer": answer, "settle": settle, "close": close}
    serve(connection, functions, ThreadPoolExecutor(256))  # most of them only wait, each for a request to settle
    os._exit(0)  # whatever still runs has nobody left to answer
