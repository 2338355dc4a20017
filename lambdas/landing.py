"""The attempt's folder in the landing bucket: what lies there before the start, and the manifest that seals it."""

from __future__ import annotations

from pydantic import ValidationError

from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.folders import LandedFile, may_be_left_by_test
from fleet.manifests import FORMAT, Manifest
from lambdas.attempt_context import Opened
from lambdas.clients.records import parse_cached
from lambdas.wiring import Clients


def look_into_folder(opened: Opened, clients: Clients) -> list[LandedFile] | Failure:
    """What DMS's tests of the endpoint may have left in the attempt's folder; a failure, if it holds anything else.

    Two writers in one folder mix their rows. Before the endpoint was pointed at the folder nothing may be there at all.
    """
    folder = opened.attempt.folder
    left: list[LandedFile] = []
    for found in clients.objects.list(opened.settings.landing_bucket, folder.prefix + "/"):
        if not opened.record.pointed_at or not may_be_left_by_test(folder, found.file):
            return Failure(
                "landing_mismatch",
                "FolderNotEmpty",
                f"folder {folder.prefix!r} already holds {found.file.key!r}, written "
                f"{found.written_at:%Y-%m-%d %H:%M:%S} UTC; wanted it empty before the task starts. Nothing was "
                f"started. Find who wrote it.",
            )
        left.append(found.file)
    return left


def read_manifest(opened: Opened, clients: Clients) -> Manifest | None:
    """The attempt's own manifest, or None while its folder has none."""
    return read_manifest_of(opened.attempt, opened, clients)


def read_manifest_of(attempt: Attempt, opened: Opened, clients: Clients) -> Manifest | None:
    """The same of another *attempt* at the database."""
    body = clients.objects.read(opened.settings.landing_bucket, attempt.folder.manifest_key)
    if body is None:
        return None
    try:
        manifest = parse_cached(body, Manifest)
    except ValidationError:
        return None
    return manifest if (manifest.attempt.folder, manifest.format) == (attempt.folder, FORMAT) else None
