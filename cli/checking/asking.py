"""Questions to AWS whose answer may be that nobody could ask. None of them raises what boto3 raises."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from fleet.checks.account_facts import Seen, Unseen
from fleet.sentences import as_clause
from lambdas.clients.refusals import code_of, message_of

Answer = TypeVar("Answer")
MOST_PAGES = 30
"""Of one list of DMS's: 3,000 entries, three times what an account may have of the most numerous."""


class AskedAccount:
    """One account. *client*: boto3's client of a service. A service that does not answer is asked once."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client
        self._clients: dict[str, Any] = {}
        self._silent: dict[str, Unseen] = {}
        self._making = threading.Lock()

    def give_up(self, why: Unseen) -> None:
        """Ask nothing more."""
        self._silent[""] = why

    def ask(self, service: str, operation: str, **parameters: Any) -> Seen[Mapping[str, Any]]:
        """The answer. *operation*: a method of boto3's client."""
        answer = self.find(service, operation, (), **parameters)
        return Unseen(f"{service} gave no answer") if answer is None else answer

    def find(
        self, service: str, operation: str, absent: Sequence[str], **parameters: Any
    ) -> Seen[Mapping[str, Any] | None]:
        """The answer; None where it is one of the codes *absent*, which say that the thing is not there."""
        if silent := self._silent.get("") or self._silent.get(service):
            return silent
        try:
            with self._making:  # sessions of boto3 are not made for threads, its clients are
                if service not in self._clients:
                    self._clients[service] = self._client(service)
            return getattr(self._clients[service], operation)(**parameters)
        except ClientError as error:
            if code_of(error) in absent:
                return None
            said = f"{error.operation_name}: {code_of(error)}: {message_of(error)}"
            return Unseen(as_clause(said))
        except BotoCoreError as error:
            self._silent[service] = Unseen(f"{service} could not be asked: {as_clause(str(error))}")
            return self._silent[service]

    def list(self, operation: str, member: str, **parameters: Any) -> Seen[tuple[Mapping[str, Any], ...]]:
        """The items of all of DMS's pages, a hundred to a request; none where it says that nothing is there."""
        items: list[Mapping[str, Any]] = []
        for _ in range(MOST_PAGES):
            page = self.find("dms", operation, ("ResourceNotFoundFault",), MaxRecords=100, **parameters)
            if isinstance(page, Unseen):
                return page
            items += page[member] if page else ()
            if not page or not page.get("Marker"):
                return tuple(items)
            parameters["Marker"] = page["Marker"]
        return Unseen(f"{operation} has more than {MOST_PAGES * 100:,} entries")


def seen(fact: Seen[Answer], read: Callable[[Answer], Any]) -> Any:
    """What *read* makes of a fact; one that is unseen stays so."""
    return fact if isinstance(fact, Unseen) else read(fact)
