"""What lies in a bucket of the local cloud, as files for people to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fleet.errors import FleetError


class KeyOutsideFolderError(FleetError):
    """A key would be written outside of the folder that it is exported to."""


def export_bucket(s3: Any, bucket: str, folder: Path) -> int:
    """Write each object of *bucket* to *folder* under its key; the number of objects.

    Raises:
        KeyOutsideFolderError: A key climbs out of the folder (`..`).
    """
    count = 0
    folder.mkdir(parents=True, exist_ok=True)
    root, made = folder.resolve(), set[Path]()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", ()):
            path = Path(os.path.normpath(root / item["Key"]))
            if not path.is_relative_to(root):
                raise KeyOutsideFolderError(f"object {item['Key']!r} of bucket {bucket} would be written to {path}.")
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            with path.open("wb") as file:
                for chunk in s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].iter_chunks(1 << 20):
                    file.write(chunk)
            count += 1
    return count
