"""The paths of the endpoint that AWS does not have: one resets the account, one runs statements in Snowflake as the
administrator that a new account comes with."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from localcloud.http.messages import Reply, Request
from localcloud.in_process_transport import AwsError

if TYPE_CHECKING:
    from localcloud.http.hosting import Host, Serve

RESET = "/_cloud/reset"  # no bucket's name begins like that
ADMINISTER = "/_cloud/snowflake"
TOKEN = "X-Cloud-Token"  # noqa: S105  a header's name


def admin_paths(token: str) -> dict[str, Serve]:
    """The answer at each path, to a POST whose header `TOKEN` is *token*; any other request is refused."""

    def guarded(serve: Serve) -> Serve:
        def answer(host: Host, request: Request) -> Reply:
            is_known = hmac.compare_digest(request.header(TOKEN).encode(), token.encode())
            if request.method != "POST" or not is_known:
                raise AwsError("AccessDenied", "only who started this local cloud may ask for this", 403)
            return serve(host, request)

        return answer

    return {RESET: guarded(_reset), ADMINISTER: guarded(_administer)}


def _reset(host: Host, _: Request) -> Reply:
    host.reset()
    return _done("cloud reset")


def _administer(host: Host, request: Request) -> Reply:
    """Run the body's `statements` in the body's `database`."""
    from localcloud.snowflake.errors import SnowflakeError  # here: `fleet down` need not load DuckDB

    asked = json.loads(request.body)
    try:
        with host.in_use() as (cloud, _):
            cloud.snowflake.administer(asked["statements"], database=asked["database"])
    except SnowflakeError as error:
        raise AwsError("SnowflakeError", str(error)) from error
    return _done("snowflake administer")


def _done(operation: str) -> Reply:
    return Reply(200, {"Content-Type": "application/json"}, json.dumps({}).encode(), operation)
