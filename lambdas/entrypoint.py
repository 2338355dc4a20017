"""From a function of ours to a Lambda handler: the event checked, every log line named, every error in our tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.parser import parse
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError

from fleet.errors import FleetError, MalformedInputError
from lambdas.clients.refusals import translate
from lambdas.metrics import put_metric
from lambdas.wiring import Clients, current_clients

logger = Logger(service="fleet", use_rfc3339=True)


class Model(BaseModel):
    """A request or a response: exactly the declared fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Request = TypeVar("Request", bound=BaseModel)
Handler = Callable[[dict[str, object], object], dict[str, object]]


def entrypoint(state: str, request_model: type[Request], run: Callable[[Request, Clients], BaseModel]) -> Handler:
    """The Lambda handler of *state*: parses the event into *request_model*, calls *run*, answers with plain JSON.

    Raises:
        MalformedInputError: The event is not what the state passes.
        FleetError: Whatever *run* raises; AWS's refusals are translated first.
    """

    def handler(event: dict[str, object], _context: object) -> dict[str, object]:
        with _named(state=state, **_identify(event)):
            clients = current_clients()
            started = clients.now()
            try:
                response = run(_parse(event, request_model), clients)
            except FleetError as error:
                logger.warning(str(error), error=type(error).__name__)
                raise
            except (ClientError, BotoCoreError) as error:
                ours = translate(error)
                logger.warning(str(ours), error=type(ours).__name__)
                raise ours from error
            answer = response.model_dump(mode="json")
            logger.info("done", verdict=answer.get("verdict"))
            ended = clients.now()
            milliseconds = (ended - started).total_seconds() * 1000
            kind = MetricUnit.Milliseconds
            put_metric("StateMilliseconds", kind, milliseconds, {"state": state}, ended, _identify(event))
            return answer

    return handler


@contextmanager
def _named(**keys: Any) -> Iterator[None]:
    """*keys* on every line that this thread logs inside: the local cloud runs several handlers at once."""
    logger.thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        logger.thread_safe_clear_keys()


def _parse(event: dict[str, object], model: type[Request]) -> Request:
    try:
        return parse(event=event, model=model)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the event"
        raise MalformedInputError(
            f"{field}: {first['msg']}; found {first['input']!r}.",
            remedy="Correct the execution's input and start anew.",
        ) from error


def _identify(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Run and database, wherever the state's parameters carry them: every line of the log has them."""
    inner = next((event[key] for key in ("attempt", "input") if isinstance(event.get(key), Mapping)), event)
    return {"run": event.get("run") or inner.get("run"), "database": inner.get("database")}
