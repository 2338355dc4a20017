"""Objects that came to the folder of an earlier attempt after its seal: what was loaded from it may lack rows."""

from __future__ import annotations

from collections.abc import Iterable

from fleet.attempt_record import AttemptRecord
from fleet.manifests import Manifest


def is_watched(record: AttemptRecord, manifest: Manifest | None) -> bool:
    """Whether a late object in the folder of an earlier attempt is to be reported: once, and where it matters.

    *manifest*: the folder's, None where it is gone. From a folder whose manifest has a failure nothing was loaded, and
    what else lay there was reported then.
    """
    return record.sealed_at is not None and not record.late_noted and (manifest is None or manifest.failure is None)


def ends_watch(record: AttemptRecord, manifest: Manifest | None) -> bool:
    """Whether nothing of what earlier attempts loaded is in the warehouse any more: this one loaded every table."""
    is_whole = manifest is not None and manifest.complete and record.attempt.tables is None
    return record.sealed_at is not None and is_whole


def find_unsealed(record: AttemptRecord, manifest: Manifest | None, keys: Iterable[str]) -> list[str]:
    """Those of the *keys* in the attempt's folder that its manifest does not name; all where it is gone.

    >>> from datetime import datetime
    >>> from fleet.attempts import Attempt
    >>> record = AttemptRecord(Attempt("r", "shop", "full", 1, "arn"), datetime(2026, 11, 30))
    >>> folder = record.attempt.folder
    >>> find_unsealed(record, None, [folder.manifest_key, f"{folder.prefix}/public/t/LOAD00000001.parquet"])
    ['shop/full/r/000001/public/t/LOAD00000001.parquet']
    """
    known = {record.attempt.folder.manifest_key} | (manifest.keys if manifest else set())
    return [key for key in keys if key not in known]
