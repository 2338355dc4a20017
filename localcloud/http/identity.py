"""Who calls, which service, in which Region: what a signature says. Whether it is right is not checked.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (documented)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import localcloud.moto_import  # noqa: F401

from moto.iam.models import get_account_id_from

from localcloud.http.messages import Request
from localcloud.in_process_transport import AwsError

_CREDENTIAL = re.compile(r"Credential=([^,\s]+)")


@dataclass(frozen=True)
class Caller:
    """A signature's credential scope. *service*: as signatures spell it ("states", "monitoring")."""

    access_key: str
    region: str
    service: str

    @property
    def account(self) -> str:
        """The account that the access key belongs to; that of the local cloud for a key it has not made itself."""
        return get_account_id_from(self.access_key)


def read_caller(request: Request) -> Caller | None:
    """Who signed *request*, in a header or (presigned) in its query; None if nobody did.

    Raises:
        AwsError: There is a signature, and its scope cannot be read.
    """
    authorization = request.header("Authorization")
    if authorization.startswith("AWS4-HMAC-SHA256"):
        found = _CREDENTIAL.search(authorization)
        scope = found[1] if found else ""
    elif "X-Amz-Credential" in request.target:
        scope = request.query.get("X-Amz-Credential", "")
    else:
        return None
    parts = scope.rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request" or not all(parts):
        raise AwsError(
            "IncompleteSignature",
            f"the credential scope is {scope!r}, wanted <key>/<date>/<region>/<service>/aws4_request",
        )
    return Caller(parts[0], parts[2], parts[3])
