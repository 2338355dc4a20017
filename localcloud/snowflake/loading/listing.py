"""LIST: the objects behind a stage, as its integration's role sees them.

Source: https://docs.snowflake.com/en/sql-reference/sql/list (documented: the form and the columns). Which role may use
the stage is not judged.
"""

from __future__ import annotations

import re

from localcloud.snowflake.definitions.catalogue import resolve
from localcloud.snowflake.errors import not_emulated
from localcloud.snowflake.loading.stages import Integration, StagedObject, require_allowed
from localcloud.snowflake.results import Result, texts
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, TEXT, parts_of, text_of

_LIST = re.compile(rf"(?:LIST|LS)\s+(?P<source>@[^\s']*|{TEXT})", re.IGNORECASE | re.DOTALL)
_SOURCE = re.compile(rf"@(?P<stage>{QUALIFIED_NAME})(?:/(?P<path>.*))?", re.DOTALL)


def list_stage(session: SessionState, text: str) -> Result:
    """Run LIST of a stage or of a path in it."""
    asked = _LIST.fullmatch(text)
    source = asked["source"] if asked else ""
    written = _SOURCE.fullmatch(text_of(source) if source.startswith("'") else source)
    if written is None:
        raise not_emulated(f"this form of LIST: {text[:80]}")
    _, found = look_into(session, written)
    rows = [[one.uri, str(one.size_bytes), one.etag, f"{one.modified_at:%a, %d %b %Y %H:%M:%S GMT}"] for one in found]
    return texts(["name", "size", "md5", "last_modified"], rows)


def look_into(session: SessionState, written: re.Match[str]) -> tuple[Integration, list[StagedObject]]:
    """The integration of the stage that *written* names, and the objects below its path."""
    catalogue = session.engine.catalogue
    stage = catalogue.object("STAGE", ".".join(resolve(session.context, parts_of(written["stage"]))))
    integration = catalogue.object("INTEGRATION", stage["STORAGE_INTEGRATION"])
    url = f"{stage['URL'].rstrip('/')}/{written['path'] or ''}"
    require_allowed(integration, url)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return integration, session.engine.stages.list(integration, bucket, prefix)
