"""An account that is asked: requests as documents, answers and refusals as data; what was made is removed again.

The same questions go to a real account and to the local cloud over HTTP, so this module holds no expected answers.
Requests are not checked before they are sent: some ask what becomes of a wrong one.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SERVICES = ("dms", "stepfunctions")  # of the JSON protocol: a document is the body
_CONFIG = Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 4})
# The account was not asked then, or its answer says nothing of the question.
_NO_ANSWER = ("AccessDenied", "Throttl", "ExpiredToken", "InvalidSignature", "SignatureDoesNotMatch", "NotEmulated")
_NO_ANSWERS = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired"})
_TRIES = 60


class NotAskedError(Exception):
    """A question could not be put to the account; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the account said. *code*: of the error, if it refused."""

    document: Mapping[str, Any]
    code: str = ""

    @property
    def word(self) -> str:
        """The code of the refusal, or "done"."""
        return self.code or "done"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one check. *seen*: what it looked at, as JSON has it; *why*: it could not be asked; *commands*: what
    was sent; *left*: what could not be removed."""

    seen: Any
    why: str
    commands: tuple[str, ...]
    left: tuple[str, ...]


class Asking:
    """One account, whose checks are put one after the other.

    *arguments*: for boto3's clients. *prefix*: begins the name of all that is made. *role*: the ARN that Step Functions
    and DMS are given. *pause*: waits so many seconds.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any],
        *,
        account: str,
        region: str,
        prefix: str,
        role: str,
        pause: Callable[[float], object],
    ) -> None:
        self.account = account
        self.region = region
        self.role = role
        self.pause = pause
        self._prefix = prefix
        self._arguments = arguments
        # Its own: boto3's default session keeps the environment of its first use.
        self._session = boto3.Session()
        self._client = lru_cache(self._make_client)
        self._body = b"{}"
        self._commands: list[str] = []
        self._made: list[tuple[str, str, dict[str, Any]]] = []

    def put(self, check: Callable[[Asking], Any]) -> Answered:
        """Ask, and remove whatever that made."""
        self._commands, self._made = [], []
        seen, why = None, ""
        try:
            text = json.dumps(check(self), default=str)
            seen = json.loads(text.replace(self._prefix, "PREFIX"))
        except NotAskedError as error:
            why = str(error)
        left = self._remove()
        return Answered(seen, why, tuple(self._commands), left)

    def name(self, what: str) -> str:
        """A name for something to be made."""
        return f"{self._prefix}-{what}"

    def ask(self, service: str, operation: str, **document: Any) -> Answer:
        """The answer to *operation* with *document* as its body.

        Raises:
            NotAskedError: Who asks may not, or the service cannot be reached.
        """
        self._commands.append(_command(service, operation, document))
        self._body = json.dumps(document).encode()
        try:
            return Answer(getattr(self._client(service), xform_name(operation))())
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _NO_ANSWERS or code.startswith(_NO_ANSWER):
                raise NotAskedError(f"{operation}: {code}: {error.response['Error'].get('Message', '')}") from error
            return Answer(error.response, code)
        except BotoCoreError as error:
            raise NotAskedError(f"{operation}: {error}") from error

    def need(self, service: str, operation: str, **document: Any) -> Mapping[str, Any]:
        """The answer to a request without which there is nothing to ask."""
        answer = self.ask(service, operation, **document)
        if answer.code:
            message = answer.document["Error"].get("Message", "")
            raise NotAskedError(f"{operation} was refused: {answer.code}: {message}")
        return answer.document

    def keys(self, bucket: str, folder: str) -> list[str]:
        """The first thousand keys directly in *folder*, not those of its own folders.

        Raises:
            NotAskedError: Who asks may not list the bucket, or S3 cannot be reached.
        """
        self._commands.append(f"aws s3 ls {shlex.quote(f's3://{bucket}/{folder}')}")
        try:
            found = boto3.client("s3", **self._arguments).list_objects_v2(Bucket=bucket, Prefix=folder, Delimiter="/")
        except (BotoCoreError, ClientError) as error:
            raise NotAskedError(f"ListObjectsV2: {error}") from error
        return [one["Key"] for one in found.get("Contents", ())]

    def functions_at_once(self) -> int:
        """How many functions Lambda runs at once in this account and Region.

        Raises:
            NotAskedError: Who asks may not, or Lambda cannot be reached.
        """
        self._commands.append("aws lambda get-account-settings")
        try:
            answer = self._session.client("lambda", config=_CONFIG, **self._arguments).get_account_settings()
        except (BotoCoreError, ClientError) as error:
            raise NotAskedError(f"GetAccountSettings: {error}") from error
        return answer["AccountLimit"]["ConcurrentExecutions"]

    def until(self, is_so: Callable[[Mapping[str, Any]], bool], service: str, operation: str, **document: Any) -> Any:
        """The first answer of which *is_so* holds, within about a minute."""
        for _ in range(_TRIES):
            answer = self.need(service, operation, **document)
            if is_so(answer):
                return answer
            self._commands.pop()  # the same as will be sent again
            self.pause(1)
        raise NotAskedError(f"{operation} did not come to an end within a minute")

    def remove_later(self, service: str, operation: str, **document: Any) -> None:
        """What to send when the check is over, in the reverse order."""
        self._made.append((service, operation, document))

    def _remove(self) -> tuple[str, ...]:
        left = []
        for service, operation, document in reversed(self._made):
            try:
                answer = self.ask(service, operation, **document)
                is_gone = not answer.code or "NotFound" in answer.code or "DoesNotExist" in answer.code
                problem = answer.code
            except NotAskedError as error:
                is_gone, problem = False, str(error)
            if not is_gone:
                left.append(f"{_command(service, operation, document)}: {problem}")
        return tuple(left)

    def _make_client(self, service: str) -> Any:
        client = self._session.client(service, config=_CONFIG, **self._arguments)
        client.meta.events.register("before-call", self._fill)
        return client

    def _fill(self, params: dict[str, object], **_: Any) -> None:
        params["body"] = self._body


def _command(service: str, operation: str, document: Mapping[str, Any]) -> str:
    """As a person types it."""
    given = f" --cli-input-json {shlex.quote(json.dumps(document))}" if document else ""
    return f"aws {service} {xform_name(operation, '-')}{given}"
