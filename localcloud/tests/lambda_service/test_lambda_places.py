"""An account that runs no function more, over a real socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import AccountLimits
from localcloud.tests.http.http_cloud import empty_endpoint


def test_an_invocation_beyond_the_accounts_places_is_refused_with_429_and_its_reason(tmp_path: Path) -> None:
    with empty_endpoint(tmp_path, limits=AccountLimits(lambda_at_once=0)) as full:
        client = full.client("lambda")
        assert client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 0
        with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
            client.invoke(FunctionName="app", Payload=b"{}")
    response: Any = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Reason"] == "ConcurrentInvocationLimitExceeded"
